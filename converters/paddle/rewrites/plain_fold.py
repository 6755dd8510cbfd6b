"""`plain-fold`: a picture out of its patches, by reshape and transpose, or by a transposed convolution."""

from collections.abc import Iterable

from edgeworker.paddle_graph import ProgramGraph
from edgeworker.paddle_program import FP32, Op, arguments, attribute
from edgeworker.rewrite import Rewrite

from .plain_unfold import Window


class PlainFold(Rewrite[ProgramGraph, Op]):
    """Patches side by side are a matter of order; those that overlap are added up by a transposed convolution.

    No target has `fold` (MobileViTV2): paddle2onnx, Paddle Lite and OpenVINO's Paddle front end do not know it.
    """

    name = "plain-fold"

    def matches(self, graph: ProgramGraph) -> Iterable[Op]:
        """Every `fold`."""
        return graph.ops({"fold"})

    def check(self, graph: ProgramGraph, match: Op) -> str | None:
        """Patches in FP32 whose number is known."""
        (source,) = arguments(match.desc.inputs, "X") or [""]
        shape = graph.shape(source)
        if graph.data_type(source) != FP32 or len(shape) != 3 or min(shape[1:]) < 1:
            return f"{match.place} puts {shape} together, not patches in FP32 of known number"
        return None

    def apply(self, graph: ProgramGraph, match: Op) -> None:
        """[N, C * kh * kw, patches] -> [N, C, H, W]."""
        (source,) = arguments(match.desc.inputs, "X") or [""]
        (result,) = match.desc.outputs[0].arguments
        window, (height, width) = Window.of(match), attribute(match, "output_sizes")
        (kh, kw), (down, across) = window.kernel, window.count(height, width)
        number, rows, _ = graph.shape(source)
        channels = rows // (kh * kw)
        building = graph.building(match)
        if window.tiles(height, width):
            pictures, lines = (-1, -1) if number < 0 else (number * channels, number * channels * down)
            h = building.reshape(source, [pictures, kh * kw, down, across])
            h = building.transpose(h, [0, 2, 1, 3])
            h = building.reshape(h, [lines, kh, kw, across])
            h = building.transpose(h, [0, 1, 3, 2])
            building.reshape(h, [number, channels, height, width], into=result)
        else:
            h = building.reshape(source, [number, rows, down, across])
            kernels = graph.add_parameter(f"{result}.kernels", window.identity(channels))
            attributes = window.convolution(channels)
            # What is left over where the windows do not reach the end; a convolution's own size leaves it out.
            padded = attributes["paddings"][0] + attributes["paddings"][1], sum(attributes["paddings"][2:])
            reach = [d * (k - 1) + 1 for d, k in zip(window.dilations, window.kernel, strict=True)]
            made = [
                (count - 1) * stride + length - pad
                for count, stride, length, pad in zip((down, across), window.strides, reach, padded, strict=True)
            ]
            rest = [height - made[0], width - made[1]]
            building.add(
                "conv2d_transpose", {"Input": h, "Filter": kernels}, [number, channels, height, width], like=h,
                slot="Output", into=result, output_padding=rest if any(rest) else [], output_size=[], **attributes,
            )  # fmt: skip
        building.finish()
