"""A program with a probe behind every operator: what shapes its tensors have, and what integers come of shapes alone.

The probes' results are joined into two outputs. Paddle's executor takes 16 s to prepare a program with 1,579 outputs
(alt_gvt_small), and under a second for these.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from pir_build import INTEGERS, attribute, concatenation, fetch, first_free_number, operator, tensor_type
from pir_program import TENSOR, Json, Program, Value

SHAPES, VALUES = "probed shapes", "probed values"  # the two outputs' names
SHAPE_OPERATORS = {"shape", "shape64"}
# Operators that make something of nothing, always the same.
SOURCES = {"full", "full_int_array"}
UNPROBED = {"builtin.parameter", "data", "feed", "fetch"}


@dataclass(frozen=True)
class Findings:
    """What one run found, by the values' numbers: `shapes` of tensors, `integers` that shapes alone decide."""

    shapes: dict[int, tuple[int, ...]]
    integers: dict[int, np.ndarray]
    outputs: dict[str, np.ndarray]


@dataclass(frozen=True)
class Probed:
    """The program with probes; `ranks` of the tensors whose shapes, and numbers of those whose values, are joined."""

    program: Program
    ranks: dict[int, int]
    valued: tuple[int, ...]

    def read(self, outputs: dict[str, np.ndarray]) -> Findings:
        """What the outputs of a run say."""
        own = {name: value for name, value in outputs.items() if name not in (SHAPES, VALUES)}
        extents = iter(outputs[SHAPES].tolist())
        shapes = {number: tuple(take(extents, rank)) for number, rank in self.ranks.items()}
        values = iter(outputs[VALUES].tolist() if VALUES in outputs else [])
        integers = {
            number: np.array(take(values, shapes[number][0]) if shapes[number] else take(values, 1)[0], np.int64)
            for number in self.valued
        }
        if list(extents) or list(values):
            raise RuntimeError("a tensor of the program has another rank than it declares")
        return Findings(shapes, integers, own)


def take(values: Iterator[int], count: int) -> list[int]:
    """The next `count` of them."""
    return [next(values) for _ in range(count)]


def with_probes(program: Program) -> Probed:
    """A copy of the program that also hands over what `Findings` holds."""
    probed = Program(copy.deepcopy(program.document))
    number = first_free_number(probed)
    decided = decided_by_shapes(program)
    ranks: dict[int, int] = {}
    valued: list[int] = []
    shape_lists: list[int] = []
    value_lists: list[int] = []
    ops: list[Json] = []
    for op in list(probed.ops):
        ops.append(op.desc)
        if op.name in UNPROBED:
            continue
        for value in op.results:
            if value.desc["TT"]["#"] != TENSOR:
                continue
            ranks[value.number] = len(value.shape)
            # A scalar has no extents, and an empty list cannot be joined to others.
            if value.shape:
                ops.append(
                    operator("1.shape64", [], [value.number], number, tensor_type("0.t_i64", [len(value.shape)]))
                )
                shape_lists.append(number)
                number += 1
            if value.number in decided:
                ops += as_list(value, number)
                valued.append(value.number)
                value_lists.append(number)
                number += 2
    column = len(probed.fetches)
    for name, lists in ((SHAPES, shape_lists), (VALUES, value_lists)):
        if lists:
            ops += concatenation(lists, number)
            ops.append(fetch(name, column, number, number + 3, tensor_type("0.t_i64", [-1])))
            number, column = number + 4, column + 1
    probed.op_list[:] = ops
    return Probed(probed, ranks, tuple(valued))


def as_list(value: Value, number: int) -> list[Json]:
    """What makes a list of int64, the result `number`, of an integer or a list; takes one number more."""
    extents = value.shape or (1,)
    wide = tensor_type("0.t_i64", value.shape)
    return [
        operator("1.cast", [attribute("dtype", "1.a_dtype", "int64")], [value.number], number + 1, wide),
        operator(
            "1.flatten",
            [attribute("start_axis", "0.a_i32", 0), attribute("stop_axis", "0.a_i32", 0)],
            [number + 1],
            number,
            tensor_type("0.t_i64", extents),
        ),
    ]


def decided_by_shapes(program: Program) -> set[int]:
    """The numbers of integers, and of lists of them, that depend on the input's shape and on nothing else of it."""
    decided: set[int] = set()
    found: set[int] = set()
    for op in program.ops:
        if op.name in SHAPE_OPERATORS | SOURCES or (op.inputs and all(number in decided for number in op.inputs)):
            decided.update(value.number for value in op.results)
            if op.name not in SOURCES:
                found.update(value.number for value in op.results if is_integer_or_list(value))
    return found


def is_integer_or_list(value: Value) -> bool:
    """Whether it is an integer, or a list of integers."""
    return value.tensor is not None and value.dtype in INTEGERS and len(value.shape) <= 1
