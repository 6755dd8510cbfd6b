"""Probes in a loaded program: each channel's smallest and largest value, and the sum, of every FP32 tensor."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from edgeworker.ranges import Probe, channel_axis
from paddle3_runtime import paddle

_CONVOLUTIONS = {"conv2d", "depthwise_conv2d", "conv2d_transpose", "depthwise_conv2d_transpose"}
_PRODUCTS = {"matmul"}
_NORMALISATIONS = {"batch_norm", "batch_norm_"}
_INPUTS = {"data", "feed"}
_OUTPUT = "fetch"


def add_probes(program: Any) -> tuple[list[Any], list[Probe]]:
    """Put probes into a program of `paddle.static`, in the place of its outputs; returns the new outputs, and what for.

    These are the smallest and the largest value of each channel, one tensor's after the other's (of what has no
    channels one), each tensor's sum [probes], and how many channels each has [probes]. A value of PIR has no name: it
    is called after its operator and how many of that kind came before. What is made of parameters alone is not
    looked at.
    """
    block = program.global_block()
    operators = list(block.ops)
    # Before the probes, which read every tensor too.
    chosen = [
        (op, Probe(name, "input" if kind in _INPUTS else kind, _is_folded(op, kind), _axis(op, kind)))
        for op, kind, name in _computing(operators)
        if op.result(0).dtype == paddle.base.core.DataType.FLOAT32
    ]
    found: list[tuple[Any, ...]] = []
    with paddle.static.program_guard(program):
        for op, probe in chosen:
            value = op.result(0)
            paddle.pir.set_insertion_point_after(op)
            others = [axis for axis in range(len(value.shape)) if axis != probe.axis]
            ends = [reduce(value, others).reshape([-1]) for reduce in (paddle.min, paddle.max)]
            found.append((*ends, paddle.sum(value).reshape([1]), paddle.shape(ends[0])))
        paddle.pir.set_insertion_point_to_block_end(block)
        outputs = [paddle.concat(list(values)) for values in zip(*found, strict=True)]
    for op in operators:
        # Asked for one output more, the executor finds none of those that the program names itself.
        if _kind(op) == _OUTPUT:
            block.remove_op(op)
    return outputs, [probe for _, probe in chosen]


def _axis(op: Any, kind: str) -> int | None:
    """The axis of a result's channels. What is made of nothing is the same at every call, and no layer."""
    return channel_axis(len(op.result(0).shape)) if kind in _INPUTS or op.num_operands() else None


def _computing(operators: list[Any]) -> Iterator[tuple[Any, str, str]]:
    """The operators that compute a tensor of the inputs, their kinds, and what their first result is called."""
    seen: Counter[str] = Counter()
    for op in operators:
        kind = _kind(op)
        if op.name().startswith("builtin.") or kind == _OUTPUT or not op.num_results():
            continue
        if kind not in _INPUTS and _is_constant(op):
            continue
        if op.result(0).is_dense_tensor_type():
            yield op, kind, f"{kind}_{seen[kind]}"
            seen[kind] += 1


def _kind(op: Any) -> str:
    return op.name().removeprefix("pd_op.")


def _is_constant(op: Any) -> bool:
    """Whether an operator computes of parameters alone."""
    if op.name() == "builtin.parameter":
        return True
    if _kind(op) in _INPUTS:
        return False
    return all(_is_constant(value.get_defining_op()) for value in op.operands_source())


def _is_folded(op: Any, kind: str) -> bool:
    """Whether every engine computes it inside what reads it, a bias or a normalisation: see `converters/paddle`."""
    readers = op.result(0).all_used_ops()
    if len(readers) != 1 or not _is_linear(op, kind):
        return False
    (reader,) = readers
    return _kind(reader) in _NORMALISATIONS or (_kind(reader) == "add" and _adds_constant(reader))


def _is_linear(op: Any, kind: str) -> bool:
    if kind in _CONVOLUTIONS | _PRODUCTS:
        return _is_constant(op.operand_source(1).get_defining_op())
    if kind != "add" or not _adds_constant(op):
        return False
    before = op.operand_source(0).get_defining_op()
    return _is_linear(before, _kind(before))


def _adds_constant(op: Any) -> bool:
    return _is_constant(op.operand_source(1).get_defining_op())
