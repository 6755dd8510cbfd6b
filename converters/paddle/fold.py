"""Writes into a program what is known of its shapes: into the variables, and as constants in place of computations.

With an open batch two batches are looked at. What is the same in both does not depend on it; a reshape in which the
batch alone is open says so with -1, as all targets take it.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from edgeworker.paddle_program import INT_ATTR, INTS_ATTR, LONGS_ATTR, Op, arguments, attribute, ops, set_attribute
from paddle_runtime import framework_pb2
from shapes import PORTS, Findings
from tensor_attributes import TENSOR_ATTRIBUTES, TensorAttribute, attribute_values

OPEN = -1
LARGEST_CONSTANT = 64  # integers; shapes, paddings and the starts of slices have far fewer
# framework.proto, VarType.Type, and the list that `assign_value` keeps such numbers in.
_CONSTANTS = {np.dtype(np.int32): (2, "int32_values", INTS_ATTR), np.dtype(np.int64): (3, "int64_values", LONGS_ATTR)}
_MADE_OF_NOTHING = ("fill_constant", "assign_value")


def fold(description: framework_pb2.ProgramDesc, found: Sequence[Findings]) -> bool:
    """Change `description` in place, by what was found for one shape of the input or more.

    Returns whether an operator changed.
    """
    _write_shapes(description, found)
    before = description.blocks[0].ByteSize(), len(description.blocks[0].ops)
    for op in ops(description):
        for rule in TENSOR_ATTRIBUTES.get(op.desc.type, ()):
            _fold_attribute(op, rule, found)
    _fold_results(description, found)
    _drop_unused(description)
    return before != (description.blocks[0].ByteSize(), len(description.blocks[0].ops))


def _write_shapes(description: framework_pb2.ProgramDesc, found: Sequence[Findings]) -> None:
    """An extent that differs between the runs is open."""
    for variable in description.blocks[0].vars:
        shapes = [run.shapes[variable.name] for run in found if variable.name in run.shapes]
        if shapes and not variable.persistable:
            variable.type.lod_tensor.tensor.dims[:] = merged(shapes)


def merged(lists: Sequence[Sequence[int]]) -> list[int]:
    """The numbers that are the same in all of `lists`, OPEN in the place of the others."""
    return [each[0] if len(set(each)) == 1 else OPEN for each in zip(*lists, strict=True)]


def _fold_attribute(op: Op, rule: TensorAttribute, found: Sequence[Findings]) -> None:
    values = [attribute_values(op, rule, run.read[op.index]) for run in found]
    known = [each for each in values if each is not None]
    if len(known) < len(values):
        return
    numbers = known[0] if all(each == known[0] for each in known) else None
    if numbers is None and op.desc.type == "reshape2":
        numbers = _open_target(op, known, found)
    if numbers is None:
        return
    for name, value in rule.entries(numbers).items():
        set_attribute(op, name, rule.kind, value)
    for slot in rule.slots:
        disconnect(op, slot)
    if attribute(op, "infer_flags") is not None and not any(
        slot.parameter.endswith(_TENSORS) for slot in op.desc.inputs
    ):
        set_attribute(op, "infer_flags", INTS_ATTR, [1] * len(numbers))


_TENSORS = ("sTensor", "sTensorList")


def disconnect(op: Op, slot: str) -> None:
    """Take an input's slot away."""
    kept = [each for each in op.desc.inputs if each.parameter != slot]
    if len(kept) < len(op.desc.inputs):
        copies = [type(each).FromString(each.SerializeToString()) for each in kept]
        del op.desc.inputs[:]
        op.desc.inputs.extend(copies)


def _open_target(op: Op, wanted: Sequence[Sequence[int]], found: Sequence[Findings]) -> list[int] | None:
    """A reshape's target where the batch is in it: one extent of it may be -1, others 0 where they are X's own."""
    (source,), (result,) = arguments(op.desc.inputs, "X") or [""], arguments(op.desc.outputs, "Out") or [""]
    before, after = merged([run.shapes[source] for run in found]), merged([run.shapes[result] for run in found])
    target = [said if said > 0 else extent for said, extent in zip(merged(wanted), after, strict=True)]
    places = [place for place, extent in enumerate(target) if extent == OPEN]
    copied = [
        place
        for place in places
        if place < len(before) and all(run.shapes[source][place] == run.shapes[result][place] for run in found)
    ]
    for place in copied[: max(len(places) - 1, 0)]:
        target[place] = 0
    return target if target.count(OPEN) <= 1 else None


def _fold_results(description: framework_pb2.ProgramDesc, found: Sequence[Findings]) -> None:
    """Put constants in the place of operators whose integers are the same in every run."""
    block = description.blocks[0]
    kept: list[Any] = []
    for index, desc in enumerate(block.ops):
        written = [run.written[index] for run in found]
        if (
            desc.type in (*PORTS, *_MADE_OF_NOTHING)
            or not written[0]
            or not all(_same(written, name) for name in written[0])
        ):
            kept.append(desc)
            continue
        kept += [_constant(description, name, value) for name, value in written[0].items()]
    if any(one is not other for one, other in zip(kept, block.ops, strict=False)):
        _replace_ops(block, kept)


def _same(written: Sequence[dict[str, np.ndarray]], name: str) -> bool:
    value = written[0][name]
    return (
        value.dtype in _CONSTANTS
        and value.size <= LARGEST_CONSTANT
        and all(name in run and np.array_equal(run[name], value) for run in written)
    )


def _constant(description: framework_pb2.ProgramDesc, name: str, value: np.ndarray) -> Any:
    """An `assign_value` that gives the variable `name` its value."""
    desc = type(description.blocks[0].ops[0])(type="assign_value")
    desc.outputs.add(parameter="Out", arguments=[name])
    code, field, kind = _CONSTANTS[value.dtype]
    op = Op(description.blocks[0], -1, desc)
    set_attribute(op, "dtype", INT_ATTR, code)
    set_attribute(op, "shape", INTS_ATTR, list(value.shape))
    set_attribute(op, field, kind, [int(each) for each in value.ravel()])
    return desc


def _drop_unused(description: framework_pb2.ProgramDesc) -> None:
    """Take out the operators whose results nobody uses."""
    block = description.blocks[0]
    used: set[str] = set()
    kept: list[Any] = []
    for desc in reversed(block.ops):
        if desc.type in PORTS or any(name in used for slot in desc.outputs for name in slot.arguments):
            used.update(name for slot in desc.inputs for name in slot.arguments)
            kept.append(desc)
    if len(kept) < len(block.ops):
        _replace_ops(block, kept[::-1])


def _replace_ops(block: Any, kept: Sequence[Any]) -> None:
    copies = [type(each).FromString(each.SerializeToString()) for each in kept]
    del block.ops[:]
    block.ops.extend(copies)
