"""Small Paddle programs written by hand, and what they compute, in numpy: for tests of rewrites."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from edgeworker.paddle_graph import ProgramGraph, kind_of
from edgeworker.paddle_program import LOD_TENSOR, Op, arguments, attribute, new_program, set_attribute
from edgeworker.paddle_values import evaluate

CODES = {np.dtype(np.bool_): 0, np.dtype(np.int32): 2, np.dtype(np.int64): 3, np.dtype(np.float32): 5}
FLOAT32 = np.dtype(np.float32)


class Written:
    """A program that is written operator by operator: `x` goes in, what `fetch` names comes out."""

    def __init__(self, shape: Sequence[int]) -> None:
        self.graph = ProgramGraph(new_program(), {})
        self.variable("x", shape)
        self.add("feed", {}, {"Out": ["x"]})

    def variable(self, name: str, shape: Sequence[int], dtype: np.dtype = FLOAT32) -> None:
        """Declare a tensor."""
        variable = self.graph.block.vars.add(name=name)
        variable.type.type = LOD_TENSOR
        variable.type.lod_tensor.tensor.data_type = CODES[dtype]
        variable.type.lod_tensor.tensor.dims.extend(shape)

    def parameter(self, name: str, value: np.ndarray) -> None:
        """Declare a stored tensor, with its values."""
        self.variable(name, value.shape, value.dtype)
        self.graph.block.vars[-1].persistable = True
        assert isinstance(self.graph.parameters, dict)
        self.graph.parameters[name] = value

    def add(self, kind: str, inputs: Mapping, outputs: Mapping, **attributes: Any) -> None:
        """Append an operator; attribute kinds follow from the Python types."""
        desc = self.graph.block.ops.add(type=kind)
        for slots, given in ((desc.inputs, inputs), (desc.outputs, outputs)):
            for parameter, names in given.items():
                slots.add(parameter=parameter, arguments=names)
        for name, value in attributes.items():
            set_attribute(Op(self.graph.block, 0, desc), name, kind_of(value), value)

    def then(self, kind: str, inputs: Mapping, name: str, dims: Sequence[int], slot: str = "Out", **attributes) -> str:
        """Append an operator with one output `name`, a new FP32 tensor of the shape `dims`."""
        self.variable(name, dims)
        self.add(kind, inputs, {slot: [name]}, **attributes)
        return name

    def fetch(self, *names: str) -> ProgramGraph:
        """End the program; returns it."""
        for name in names:
            self.add("fetch", {"X": [name]}, {"Out": [f"fetched {name}"]})
        return self.graph


def run(graph: ProgramGraph, x: np.ndarray) -> list[np.ndarray]:
    """What the program fetches."""
    stored = {name: graph.stored(name) for name in {**graph.parameters, **graph.changed_parameters}}
    values: dict[str, np.ndarray] = {name: value for name, value in stored.items() if value is not None}
    values["x"] = x
    fetched = []
    for op in graph.ops():
        if op.desc.type == "fetch":
            fetched.append(values[op.desc.inputs[0].arguments[0]])
        elif op.desc.type != "feed":
            values.update(_results(op, values))
    return fetched


def _results(op: Op, values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    if op.desc.type in _FORMULAS:
        slots = {slot.parameter: [values[name] for name in slot.arguments] for slot in op.desc.inputs}
        return {op.desc.outputs[0].arguments[0]: _FORMULAS[op.desc.type](op, slots)}
    found = evaluate(op, values, lambda name: values[name].shape, 1 << 20)
    assert found is not None, op.place
    return found


def _convolution(op: Op, slots: dict[str, list[np.ndarray]]) -> np.ndarray:
    """Group by group; paddings are (top, bottom, left, right), or (vertical, horizontal)."""
    (x,), (kernels,) = slots["Input"], slots["Filter"]
    windows = patches(
        x, kernels.shape[2:], attribute(op, "strides"), _sides(op), attribute(op, "dilations")
    )  # [N, C, kh, kw, down, across]
    groups = attribute(op, "groups")
    parts = zip(np.split(windows, groups, axis=1), np.split(kernels, groups), strict=True)
    return np.concatenate([np.einsum("ncijyx,ocij->noyx", part, some) for part, some in parts], axis=1)


def _transposed_convolution(op: Op, slots: dict[str, list[np.ndarray]]) -> np.ndarray:
    """Channel by channel: every pixel adds its kernel to the picture."""
    (x,), (kernels,) = slots["Input"], slots["Filter"]
    number, rows, down, across = x.shape
    (sy, sx), (dy, dx), (kh, kw) = attribute(op, "strides"), attribute(op, "dilations"), kernels.shape[2:]
    top, left, bottom, right = _sides(op)
    rest = attribute(op, "output_padding") or [0, 0]
    groups = attribute(op, "groups")
    many = rows // groups
    height = (down - 1) * sy + dy * (kh - 1) + 1 + rest[0]
    width = (across - 1) * sx + dx * (kw - 1) + 1 + rest[1]
    picture = np.zeros((number, groups, height, width), x.dtype)
    for row in range(rows):
        for y in range(down):
            for z in range(across):
                patch = picture[:, row // many, y * sy : y * sy + dy * kh : dy, z * sx : z * sx + dx * kw : dx]
                patch += x[:, row, y, z][:, None, None] * kernels[row, 0]
    return picture[:, :, top : height - bottom, left : width - right]


def _sides(op: Op) -> list[int]:
    sides = attribute(op, "paddings")
    top, bottom, left, right = sides if len(sides) == 4 else (sides[0], sides[0], sides[1], sides[1])
    return [top, left, bottom, right]


def patches(x: np.ndarray, kernel: Sequence[int], strides, sides, dilations) -> np.ndarray:
    """All windows of [N, C, H, W]: [N, C, kh, kw, down, across]; sides are (top, left, bottom, right)."""
    top, left, bottom, right = sides
    padded = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)))
    reach = [d * (k - 1) + 1 for d, k in zip(dilations, kernel, strict=True)]
    windows = np.lib.stride_tricks.sliding_window_view(padded, reach, axis=(2, 3))
    windows = windows[:, :, :: strides[0], :: strides[1], :: dilations[0], :: dilations[1]]
    return windows.transpose(0, 1, 4, 5, 2, 3)


_FORMULAS = {
    "conv2d": _convolution,
    "depthwise_conv2d": _convolution,
    "conv2d_transpose": _transposed_convolution,
    "relu": lambda op, slots: np.maximum(slots["X"][0], 0),
    "pow": lambda op, slots: slots["X"][0] ** attribute(op, "factor"),
    "fill_any_like": lambda op, slots: np.full_like(slots["X"][0], attribute(op, "value")),
    "unfold": lambda op, slots: _unfold(op, slots["X"][0]),
    "sigmoid": lambda op, slots: 1 / (1 + np.exp(-slots["X"][0])),
    "swish": lambda op, slots: slots["X"][0] / (1 + np.exp(-(attribute(op, "beta") or 1.0) * slots["X"][0])),
    "silu": lambda op, slots: slots["X"][0] / (1 + np.exp(-slots["X"][0])),
    "tanh": lambda op, slots: np.tanh(slots["X"][0]),
    "exp": lambda op, slots: np.exp(slots["X"][0]),
    "reciprocal": lambda op, slots: np.reciprocal(slots["X"][0]),
    "matmul_v2": lambda op, slots: _product(op, slots["X"][0], slots["Y"][0]),
    "softmax": lambda op, slots: _softmax(slots["X"][0], attribute(op, "axis")),
}


def _product(op: Op, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    first, second = (
        value.swapaxes(-1, -2) if attribute(op, name) else value for value, name in ((x, "trans_x"), (y, "trans_y"))
    )
    return first @ second


def _softmax(x: np.ndarray, axis: int) -> np.ndarray:
    powers = np.exp(x - x.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def _unfold(op: Op, x: np.ndarray) -> np.ndarray:
    sides = attribute(op, "paddings")
    found = patches(x, attribute(op, "kernel_sizes"), attribute(op, "strides"), sides, attribute(op, "dilations"))
    return found.reshape(x.shape[0], -1, found.shape[4] * found.shape[5])


def kinds(graph: ProgramGraph) -> list[str]:
    """The operators' types, without feed and fetch."""
    return [op.desc.type for op in graph.ops() if op.desc.type not in ("feed", "fetch")]


def noise(*shape: int, seed: int = 5) -> np.ndarray:
    """Standard normal numbers, float32."""
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


def undeclared(graph: ProgramGraph) -> list[str]:
    """Variables that operators name and nobody declares."""
    declared = {variable.name for variable in graph.settled().blocks[0].vars}
    named = {name for op in graph.ops() for slot in (*op.desc.inputs, *op.desc.outputs) for name in slot.arguments}
    return sorted(name for name in named - declared if not name.startswith("fetched"))


def wrong_shapes(graph: ProgramGraph, x: np.ndarray) -> list[str]:
    """Variables whose declared shape is not that of their values; open extents fit any."""
    stored = {name: graph.stored(name) for name in {**graph.parameters, **graph.changed_parameters}}
    values = {name: value for name, value in stored.items() if value is not None} | {"x": x}
    wrong = []
    for op in graph.ops():
        if op.desc.type not in ("feed", "fetch"):
            for name, value in _results(op, values).items():
                values[name] = value
                declared = graph.shape(name)
                if len(declared) != value.ndim or any(
                    want not in (-1, have) for want, have in zip(declared, value.shape, strict=True)
                ):
                    wrong.append(f"{op.place}: {declared} and not {list(value.shape)}")
    return wrong


def inputs_of(graph: ProgramGraph, kind: str, slot: str) -> list[list[str] | None]:
    """What the operators of a type have in a slot."""
    return [arguments(op.desc.inputs, slot) for op in graph.ops({kind})]
