"""What the shapes of a program's tensors are for one shape of its input, and what integers follow from them.

Paddle works out shapes operator by operator, but not what a program computes with shapes while it runs: whoever
reshapes by `x.shape[0]` leaves -1 behind. Here both are worked out side by side, without running anything.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from edgeworker.paddle_program import Op, ops
from edgeworker.paddle_values import evaluate
from paddle_runtime import first_words, framework_pb2, paddle
from tensor_attributes import TENSOR_ATTRIBUTES, attribute_values

PORTS = ("feed", "fetch")
LARGEST_VALUE = 4096  # elements of what is followed: shapes, and indices that a program makes of them


@dataclass(frozen=True)
class Findings:
    """For one shape of the input: the `shapes` of variables, and what each operator reads and writes of known values.

    `read` and `written` are by the operator's place in the block, then by variable: a program may use one again.
    """

    shapes: dict[str, tuple[int, ...]]
    read: list[dict[str, np.ndarray]]
    written: list[dict[str, np.ndarray]]


class DoesNotFit(Exception):
    """An operator does not go with the input's shape; the text names it and says why."""


def find_shapes(description: framework_pb2.ProgramDesc, image: str, shape: Sequence[int]) -> Findings:
    """What is known where the input `image` has `shape`, all of it fixed. Raises DoesNotFit."""
    paddle.enable_static()
    program = paddle.static.Program.parse_from_string(description.SerializeToString())
    block = program.desc.block(0)
    block.find_var(image.encode()).set_shape(list(shape))

    def dims(name: str) -> Sequence[int]:
        variable = block.find_var(name.encode())
        return variable.shape() if variable is not None and variable.type() == _TENSOR else [-1]

    values: dict[str, np.ndarray] = {}
    findings = Findings({}, [], [])
    for op in ops(description):
        read = {name: values[name] for slot in op.desc.inputs for name in slot.arguments if name in values}
        written: dict[str, np.ndarray] = {}
        if op.desc.type not in PORTS:
            paddles = block.op(op.index)
            _give_known(op, paddles, read)
            try:
                # Paddle takes reshape's and others' results as they are where they are declared; only those computed
                # count.
                paddles.infer_shape(block)
            # Paddle's checks raise errors of many classes.
            except Exception as error:
                raise DoesNotFit(f"{_place(op)}: {first_words(error)}") from error
            written = evaluate(op, read, dims, LARGEST_VALUE) or {}
        for slot in op.desc.outputs:
            for name in slot.arguments:
                values.pop(name, None)
        for name, value in written.items():
            values[name] = value
            block.find_var(name.encode()).set_shape(list(value.shape))
        findings.read.append(read)
        findings.written.append(written)
    for variable in block.all_vars():
        if variable.type() == _TENSOR:
            findings.shapes[variable.name()] = tuple(variable.shape())
    return findings


_TENSOR = paddle.base.core.VarDesc.VarType.LOD_TENSOR


def _give_known(op: Op, paddles: Any, read: dict[str, np.ndarray]) -> None:
    """Let Paddle's own operator have as attributes what the tensors are known to hold."""
    for rule in TENSOR_ATTRIBUTES.get(op.desc.type, ()):
        if (found := attribute_values(op, rule, read)) is not None:
            for slot in rule.slots:
                paddles.set_input(slot, [])
            for name, value in rule.entries(found).items():
                paddles._set_attr(name, value)


def _place(op: Op) -> str:
    results = [name for slot in op.desc.outputs for name in slot.arguments]
    return f"{op.desc.type} (op {op.index} -> {next(iter(results), '')})"
