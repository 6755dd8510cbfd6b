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
    `completed` is the program with all attributes that its operators have. Exports leave out those with their usual
    values, which other tools do not know: Paddle Lite ends the process on a `relu6` without `threshold`.
    """

    shapes: dict[str, tuple[int, ...]]
    read: list[dict[str, np.ndarray]]
    written: list[dict[str, np.ndarray]]
    completed: framework_pb2.ProgramDesc


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
    findings = Findings({}, [], [], framework_pb2.ProgramDesc())
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
    # Paddle adds attributes while it infers shapes.
    findings.completed.ParseFromString(program.desc.serialize_to_string())
    _take_back(findings.completed, description)
    return findings


def _take_back(completed: framework_pb2.ProgramDesc, description: framework_pb2.ProgramDesc) -> None:
    """Undo what `_give_known` did."""
    for op, original in zip(ops(completed), ops(description), strict=True):
        if rules := TENSOR_ATTRIBUTES.get(op.desc.type):
            del op.desc.inputs[:]
            op.desc.inputs.extend(original.desc.inputs)
            names = [name for rule in rules for name in rule.attributes]
            before = {attr.name: attr for attr in original.desc.attrs if attr.name in names}
            for attr in op.desc.attrs:
                if attr.name in before:
                    attr.CopyFrom(before[attr.name])


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
