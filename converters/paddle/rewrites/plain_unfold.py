"""`plain-unfold`: patches of a picture, by reshape and transpose, or by a convolution."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from edgeworker.paddle_graph import ProgramGraph
from edgeworker.paddle_program import FP32, Op, arguments, attribute
from edgeworker.rewrite import Rewrite


@dataclass(frozen=True)
class Window:
    """What `unfold` and `fold` share; pairs are (vertical, horizontal), `paddings` top, left, bottom, right."""

    kernel: tuple[int, int]
    strides: tuple[int, int]
    dilations: tuple[int, int]
    paddings: tuple[int, int, int, int]

    @classmethod
    def of(cls, op: Op) -> "Window":
        """An operator's attributes: of paddings it has four numbers (top, left, bottom, right), two or one."""

        def pair(name: str) -> tuple[int, int]:
            found = attribute(op, name) or [1]
            return (found[0], found[-1])

        sides = attribute(op, "paddings") or [0]
        top, left, bottom, right = sides if len(sides) == 4 else (sides[0], sides[-1], sides[0], sides[-1])
        return cls(pair("kernel_sizes"), pair("strides"), pair("dilations"), (top, left, bottom, right))

    def count(self, height: int, width: int) -> tuple[int, int]:
        """How many patches a picture has, down and across."""
        found = []
        for axis, extent in enumerate((height, width)):
            reach = self.dilations[axis] * (self.kernel[axis] - 1) + 1
            found.append((extent + self.paddings[axis] + self.paddings[axis + 2] - reach) // self.strides[axis] + 1)
        return found[0], found[1]

    def tiles(self, height: int, width: int) -> bool:
        """Whether the patches lie side by side and cover the picture just so."""
        plain = self.strides == self.kernel and self.dilations == (1, 1) and not any(self.paddings)
        return plain and height % self.kernel[0] == 0 and width % self.kernel[1] == 0

    def identity(self, channels: int) -> np.ndarray:
        """Kernels [channels * kh * kw, 1, kh, kw], each of which picks one pixel."""
        count = self.kernel[0] * self.kernel[1]
        return np.tile(np.eye(count, dtype=np.float32), (channels, 1)).reshape(channels * count, 1, *self.kernel)

    def convolution(self, channels: int) -> dict:
        """The attributes of a convolution over the same windows, channel by channel."""
        top, left, bottom, right = self.paddings
        return {
            "strides": list(self.strides), "paddings": [top, bottom, left, right], "dilations": list(self.dilations),
            "groups": channels, "data_format": "NCHW", "padding_algorithm": "EXPLICIT",
        }  # fmt: skip


class PlainUnfold(Rewrite[ProgramGraph, Op]):
    """Patches side by side are a matter of order; any others come out of a convolution that picks pixels.

    OpenVINO's Paddle front end lacks `unfold` (TNT, RedNet, MobileViTV2), and paddle2onnx 1.3.1 makes a Gather of it
    that pnnx leaves to ncnn as a layer it does not know. A convolution with kernels of one 1 and zeros is exact: a
    pixel times 1, and zeros.
    """

    name = "plain-unfold"

    def matches(self, graph: ProgramGraph) -> Iterable[Op]:
        """Every `unfold`."""
        return graph.ops({"unfold"})

    def check(self, graph: ProgramGraph, match: Op) -> str | None:
        """A picture in FP32 whose size is known."""
        (source,) = arguments(match.desc.inputs, "X") or [""]
        shape = graph.shape(source)
        if graph.data_type(source) != FP32 or len(shape) != 4 or min(shape[1:]) < 1:
            return f"{match.place} takes patches of {shape}, not of a picture in FP32 of known size"
        return None

    def apply(self, graph: ProgramGraph, match: Op) -> None:
        """[N, C, H, W] -> [N, C * kh * kw, patches], in tensors of four dimensions, which ncnn can hold."""
        (source,) = arguments(match.desc.inputs, "X") or [""]
        (result,) = match.desc.outputs[0].arguments
        number, channels, height, width = graph.shape(source)
        window = Window.of(match)
        (kh, kw), (down, across) = window.kernel, window.count(height, width)
        building = graph.building(match)
        final = [number, channels * kh * kw, down * across]
        if window.tiles(height, width):
            lines, pictures = (-1, -1) if number < 0 else (number * channels * down, number * channels)
            h = building.reshape(source, [lines, kh, across, kw])
            h = building.transpose(h, [0, 1, 3, 2])
            h = building.reshape(h, [pictures, down, kh * kw, across])
            h = building.transpose(h, [0, 2, 1, 3])
        else:
            kernels = graph.add_parameter(f"{result}.kernels", window.identity(channels))
            shape = [number, channels * kh * kw, down, across]
            inputs = {"Input": source, "Filter": kernels}
            h = building.add("conv2d", inputs, shape, slot="Output", **window.convolution(channels))
        building.reshape(h, final, into=result)
        building.finish()
