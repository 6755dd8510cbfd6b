"""Makes operators of a PIR program, as JSON."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from pir_program import TENSOR, VECTOR, Json, Program

INTEGERS = {"int32": "0.t_i32", "int64": "0.t_i64"}


def first_free_number(program: Program) -> int:
    """A number from which on no value has one."""
    return 1 + max(value.number for op in program.ops for value in op.results)


def tensor_type(element: str, extents: Sequence[int]) -> Json:
    """A tensor's type."""
    return {"#": TENSOR, "D": [{"#": element}, list(extents), "NCHW", [], 0]}


def attribute(name: str, kind: str, value: Any) -> Json:
    """An operator's attribute."""
    return {"AT": {"#": kind, "D": value}, "N": name}


def operator(kind: str, attributes: Sequence[Json], inputs: Sequence[int], number: int, made: Json) -> Json:
    """An operator whose one result has `number` and the type `made`."""
    return {
        "#": kind,
        "A": list(attributes),
        "I": [{"%": each} for each in inputs],
        "O": [{"%": number, "TT": made}],
        "OA": [attribute("stop_gradient", "0.a_array", [{"#": "0.a_bool", "D": True}])],
    }


def fetch(name: str, column: int, source: int, number: int, made: Json) -> Json:
    """What hands the value `source`, of the type `made`, over as output `name`."""
    built = operator(
        "1.fetch", [attribute("name", "0.a_str", name), attribute("col", "0.a_i32", column)], [source], number, made
    )
    built["OA"].insert(0, attribute("persistable", "0.a_array", [{"#": "0.a_bool", "D": True}]))
    return built


def constant(content: np.ndarray, dtype: str, number: int) -> Json:
    """What makes an integer, or a list of integers, of nothing; `dtype` is int32 or int64."""
    common = [attribute("dtype", "1.a_dtype", dtype), attribute("place", "1.a_place", [1, 0, ""])]  # on the CPU
    made = tensor_type(INTEGERS[dtype], list(content.shape))
    if content.ndim == 0:
        scalar = [attribute("shape", "1.a_intarray", []), attribute("value", "0.a_f64", float(content))]
        return operator("1.full", [*scalar, *common], [], number, made)
    array = attribute("value", "0.a_array", [{"#": "0.a_i64", "D": int(each)} for each in content])
    return operator("1.full_int_array", [array, *common], [], number, made)


def concatenation(sources: Sequence[int], number: int) -> list[Json]:
    """What joins lists of int64 into one, the result `number`; takes two numbers more."""
    many = tensor_type("0.t_i64", [-1])
    axis = constant(np.array([0]), "int32", number + 2)
    return [
        operator("0.combine", [], sources, number + 1, {"#": VECTOR, "D": [many] * len(sources)}),
        axis,
        operator("1.concat", [], [number + 1, number + 2], number, many),
    ]
