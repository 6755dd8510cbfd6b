"""A small Paddle program with its parameters, by hand: convolution, bias, batch norm, and a matrix product."""

from typing import Any

import numpy as np
from edgeworker.paddle_program import new_program


def add_op(block: Any, kind: str, inputs: dict[str, list[str]], output: str, **attributes: Any) -> None:
    """Append an operator with one output."""
    op = block.ops.add(type=kind)
    for slot, names in inputs.items():
        op.inputs.add(parameter=slot, arguments=names)
    op.outputs.add(parameter="Out", arguments=[output])
    for name, value in attributes.items():
        if isinstance(value, str):
            op.attrs.add(name=name, type=2, s=value)
        elif isinstance(value, bool):
            op.attrs.add(name=name, type=6, b=value)
        elif isinstance(value, float):
            op.attrs.add(name=name, type=1, f=value)
        elif isinstance(value, list):
            op.attrs.add(name=name, type=3, ints=value)
        else:
            op.attrs.add(name=name, type=0, i=value)


def small_program(*, bias: bool = True, wide: bool = False) -> tuple[Any, dict[str, np.ndarray]]:
    """conv2d [6,3,3,3] -> (+ bias) -> batch_norm -> scale 0.125 -> matmul_v2 [6,12]; and its parameters.

    With `wide` the bias is added as [1, 6, 1, 1], as Paddle exports it.
    """
    random = np.random.default_rng(0)
    parameters = {
        "conv.w": random.normal(0, 1, (6, 3, 3, 3)),
        "conv.b": random.normal(0, 1, 6),
        "bn.scale": random.uniform(0.5, 2, 6),
        "bn.bias": random.normal(0, 1, 6),
        "bn.mean": random.normal(0, 1, 6),
        "bn.variance": random.uniform(0.1, 3, 6),
        "fc.w": random.normal(0, 1, (6, 12)),
    }
    if not bias:
        del parameters["conv.b"]
    program = new_program()
    block = program.blocks[0]
    add_op(block, "conv2d", {"Input": ["x"], "Filter": ["conv.w"]}, "c")
    before = "c"
    if bias:
        if wide:
            add_op(block, "reshape2", {"X": ["conv.b"]}, "wide", shape=[1, 6, 1, 1])
        add_op(block, "elementwise_add", {"X": ["c"], "Y": ["wide" if wide else "conv.b"]}, "d")
        before = "d"
    norm = {"X": [before], "Scale": ["bn.scale"], "Bias": ["bn.bias"], "Mean": ["bn.mean"], "Variance": ["bn.variance"]}
    add_op(block, "batch_norm", norm, "n", epsilon=1e-5)
    add_op(block, "scale", {"X": ["n"]}, "s", scale=0.125)
    add_op(block, "matmul_v2", {"X": ["s"], "Y": ["fc.w"]}, "y")
    return program, {name: value.astype(np.float32) for name, value in parameters.items()}


def folded(parameters: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The convolution's weight and bias with the batch norm inside, as a tool computes them in FP32."""
    one = np.float32
    factor = parameters["bn.scale"] / np.sqrt(parameters["bn.variance"] + one(1e-5))
    before = parameters.get("conv.b", np.zeros(6, np.float32))
    weight = parameters["conv.w"] * factor[:, None, None, None]
    return weight, (before - parameters["bn.mean"]) * factor + parameters["bn.bias"]
