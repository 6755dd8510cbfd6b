"""Small programs with convolutions side by side on parts of the channels, as MixNet has them."""

from collections.abc import Sequence
from typing import Any

from tests.converters.paddle_programs import Written, noise

SIZE = 9


class SideBySide:
    """split -> a convolution for each part -> concat -> relu; `change` before `graph` is taken."""

    def __init__(
        self,
        kernels: Sequence[Sequence[int]],
        steps: int = 1,
        channels: Sequence[int] = (),
        groups: Sequence[int] = (),
        **changed: Any,
    ) -> None:
        """`kernels` are shapes [out, in / groups, kh, kw]; `changed` attributes are those of the last convolution."""
        each = list(channels) or [shape[0] if shape[1] == 1 else shape[1] for shape in kernels]
        counts = list(groups) or [shape[0] if shape[1] == 1 else 1 for shape in kernels]
        total, self.down = sum(each), -(-SIZE // steps)
        self.written = Written([2, total, SIZE, SIZE])
        self.parts = [f"part{number}" for number in range(len(kernels))]
        for part, count in zip(self.parts, each, strict=True):
            self.written.variable(part, [2, count, SIZE, SIZE])
        self.written.add("split", {"X": ["x"]}, {"Out": self.parts}, axis=1, num=0, sections=each)
        self.dims: dict[str, list[int]] = {}
        for number, (shape, part) in enumerate(zip(kernels, self.parts, strict=True)):
            self.written.parameter(f"kernels{number}", noise(*shape, seed=number))
            attributes: dict[str, Any] = {
                "strides": [steps, steps], "paddings": [shape[2] // 2, shape[3] // 2], "dilations": [1, 1],
                "groups": counts[number], "padding_algorithm": "EXPLICIT", "data_format": "NCHW",
            }  # fmt: skip
            if number == len(kernels) - 1:
                attributes |= changed
            kind = "depthwise_conv2d" if shape[1] == 1 else "conv2d"
            inputs = {"Input": [part], "Filter": [f"kernels{number}"]}
            dims = [2, shape[0], self.down, self.down]
            self.dims[self.written.then(kind, inputs, f"c{number}", dims, slot="Output", **attributes)] = dims

    def end(self, *also: str, order: Sequence[str] = (), axis: int = 1):
        """Put the results together, in `order`; `also` is fetched."""
        names = list(order) or list(self.dims)
        dims = list(self.dims[names[0]])
        dims[axis] = sum(self.dims[name][axis] for name in names)
        self.written.then("concat", {"X": names}, "joined", dims, axis=axis)
        self.written.then("relu", {"X": ["joined"]}, "y", dims)
        return self.written.fetch("y", *also)
