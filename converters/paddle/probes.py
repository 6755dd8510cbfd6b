"""A program in parts, with a probe behind every FP32 tensor: each channel's smallest and largest value, and its sum.

Asking Paddle's executor for many outputs keeps every tensor until the end. It prepares a program in time and memory
quadratic in its operators: with probes, CSWin's 3,000 became 10,000, which took 5.9 GB and 30 s. Parts of some hundred
operators take neither.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from edgeworker.paddle_program import FP32, LOD_TENSOR
from edgeworker.ranges import Probe, channel_axis
from folding import folded
from program_graph import results

TOTAL = "total"
"""The sum of each tensor, [probes] together."""
WHOLE = {"smallest": "reduce_min", "largest": "reduce_max"}
"""Of each tensor that has no channels."""
OF_CHANNELS = {"smallest of channels": "reduce_min", "largest of channels": "reduce_max"}
"""Of each channel of the others, one tensor after the other."""
COUNTS = "channels"
"""How many channels those have, as they run: a description may leave an extent open."""
PART = 100
"""Operators of a part, without probes."""
_INT32 = 2
_INT_ATTR, _INTS_ATTR, _BOOLEAN_ATTR = 0, 3, 6


@dataclass(frozen=True)
class Part:
    """Some operators in a row as a program of their own, which makes `asked` of its `probes`.

    `reads` are the variables that earlier ones or the caller must give, `leaves` those that later ones read.
    """

    program: Any
    probes: list[Probe]
    reads: list[str]
    leaves: list[str]

    @property
    def asked(self) -> list[str]:
        """The variables that hold what its probes have found."""
        have = {probe.axis is not None for probe in self.probes}
        return [
            *([TOTAL] if have else ()),
            *(WHOLE if False in have else ()),
            *((*OF_CHANNELS, COUNTS) if True in have else ()),
        ]


def probed_parts(program: Any, size: int = PART) -> Iterator[Part]:
    """The first block of a ProgramDesc in parts, in order.

    The model's inputs are probed too; what is made of constants alone is not.
    """
    block = program.blocks[0]
    inside = folded(block)
    tensors = {one.name: one.type.lod_tensor.tensor for one in block.vars if one.type.type == LOD_TENSOR}
    axes = {name: channel_axis(len(one.dims)) for name, one in tensors.items()}
    fp32 = {name for name, one in tensors.items() if one.data_type == FP32}
    stored = {one.name for one in block.vars if one.persistable}
    constants = set(stored)
    operators = [(at, op) for at, op in enumerate(block.ops) if op.type not in ("feed", "fetch")]
    fed = [name for op in block.ops if op.type == "feed" for slot in op.outputs for name in slot.arguments]
    start = 0
    while start < len(operators):
        end = start + size
        # Only tensors go from part to part: no lists of them.
        while end < len(operators) and not tensors.keys() >= _passing(operators, end, stored):
            end += 1
        part, later = operators[start:end], {name for _, op in operators[end:] for name in _read(op)}
        chosen = [(name, Probe(name, "input", axis=axes[name])) for name in fed if start == 0 and name in fp32]
        kept = [op for _, op in part]
        looked: dict[int, list[tuple[str, Probe]]] = {-1: chosen}
        reads: dict[str, None] = dict.fromkeys(name for name, _ in chosen)
        made: set[str] = set()
        for position, (at, op) in enumerate(part):
            reads.update(dict.fromkeys(name for name in _read(op) if name not in made | stored))
            written = [name for slot in op.outputs for name in slot.arguments]
            made.update(written)
            constant = bool(_read(op)) and constants.issuperset(_read(op))
            (constants.update if constant else constants.difference_update)(written)
            looked[position] = [
                # What is made of nothing is the same at every call, and no layer.
                (name, Probe(name, op.type, (at, name) in inside, axes[name] if _read(op) else None))
                for name in results(op)
                if name in fp32 and not constant
            ]
        yield Part(
            _with_probes(program, kept, looked),
            [probe for found in looked.values() for _, probe in found],
            list(reads),
            sorted(made & later),
        )
        start = end


def _passing(operators: list[tuple[int, Any]], border: int, stored: set[str]) -> set[str]:
    """The variables that operators before a border write and those behind it read."""
    written = {name for _, op in operators[:border] for slot in op.outputs for name in slot.arguments}
    return {name for _, op in operators[border:] for name in _read(op) if name in written} - stored


def _read(op: Any) -> list[str]:
    return [name for slot in op.inputs for name in slot.arguments]


def _with_probes(program: Any, operators: list[Any], looked: dict[int, list[tuple[str, Probe]]]) -> Any:
    """A program of `operators`, with probes of the variables that are `looked` at behind each, -1 before the first."""
    probed = copy.deepcopy(program)
    block = probed.blocks[0]
    del block.ops[:]
    ranks = {one.name: len(one.type.lod_tensor.tensor.dims) for one in block.vars if one.type.type == LOD_TENSOR}
    joined: dict[str, list[str]] = {name: [] for name in (TOTAL, *WHOLE, *OF_CHANNELS, COUNTS)}
    for position in range(-1, len(operators)):
        if position >= 0:
            block.ops.append(operators[position])
        for name, probe in looked[position]:
            _reduce(block, "reduce_sum", name, _next(joined, TOTAL), None)
            if probe.axis is None:
                for statistic, kind in WHOLE.items():
                    _reduce(block, kind, name, _next(joined, statistic), None)
                continue
            others = [axis for axis in range(ranks[name]) if axis != probe.axis]
            made = [_next(joined, statistic) for statistic in OF_CHANNELS]
            for reduced, kind in zip(made, OF_CHANNELS.values(), strict=True):
                _reduce(block, kind, name, reduced, others)
            _add(block, "shape", {"Input": made[:1]}, {"Out": _next(joined, COUNTS)}, {}, _INT32)
    for statistic, variables in joined.items():
        if variables and statistic in (TOTAL, *WHOLE):
            _add(block, "stack", {"X": variables}, {"Y": statistic}, {"axis": 0})
        elif variables:
            kind = _INT32 if statistic == COUNTS else FP32
            _add(block, "concat", {"X": variables}, {"Out": statistic}, {"axis": 0}, kind)
    return probed


def _next(joined: dict[str, list[str]], statistic: str) -> str:
    """The variable of the next tensor."""
    joined[statistic].append(f"{statistic} {len(joined[statistic])}")
    return joined[statistic][-1]


def _reduce(block: Any, kind: str, name: str, made: str, axes: list[int] | None) -> None:
    """Append a reduction over some axes, None for all."""
    reduction = {"dim": axes or [0], "reduce_all": axes is None, "keep_dim": False}
    _add(block, kind, {"X": [name]}, {"Out": made}, reduction)


def _add(
    block: Any,
    kind: str,
    inputs: dict[str, list[str]],
    outputs: dict[str, str],
    attributes: dict[str, Any],
    data_type: int = FP32,
) -> None:
    """Append an operator that makes variables of its own."""
    op = block.ops.add(type=kind)
    for slot, names in inputs.items():
        op.inputs.add(parameter=slot, arguments=names)
    for slot, name in outputs.items():
        described = block.vars.add(name=name, persistable=False)
        described.type.type = LOD_TENSOR
        described.type.lod_tensor.tensor.data_type = data_type
        described.type.lod_tensor.tensor.dims.append(1)
        op.outputs.add(parameter=slot, arguments=[name])
    for name, value in attributes.items():
        match value:
            case bool():
                op.attrs.add(name=name, type=_BOOLEAN_ATTR, b=value)
            case int():
                op.attrs.add(name=name, type=_INT_ATTR, i=value)
            case _:
                op.attrs.add(name=name, type=_INTS_ATTR, ints=value)
