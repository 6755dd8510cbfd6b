"""Operators worked out beforehand: the numbers they give, and when nothing is known."""

import numpy as np
import pytest
from edgeworker.paddle_program import (
    FLOAT_ATTR,
    INT_ATTR,
    INTS_ATTR,
    LONGS_ATTR,
    STRING_ATTR,
    Op,
    new_program,
    set_attribute,
)
from edgeworker.paddle_values import evaluate

I32, I64 = 2, 3


def op_of(kind, inputs, outputs=("out",), **attributes):
    """An operator in a block of its own; an attribute is (its kind, its value)."""
    block = new_program().blocks[0]
    desc = block.ops.add(type=kind)
    for parameter, names in inputs.items():
        desc.inputs.add(parameter=parameter, arguments=names)
    desc.outputs.add(parameter="Out", arguments=outputs)
    op = Op(block, 0, desc)
    for name, (how, value) in attributes.items():
        set_attribute(op, name, how, value)
    return op


def value_of(op, largest=4096, dims=(), **values) -> list:
    """The values of the outputs; none where they are not known."""
    known = {name: np.asarray(value) for name, value in values.items()}
    found = evaluate(op, known, lambda _: dims, largest)
    return [] if found is None else list(found.values())


def integers(*numbers):
    return np.array(numbers, np.int32)


def test_a_shape_is_known_where_every_extent_is():
    op = op_of("shape", {"Input": ["x"]})
    (value,) = value_of(op, dims=(2, 49, 96))
    assert value.dtype == np.int32
    assert value.tolist() == [2, 49, 96]
    assert not value_of(op, dims=(-1, 49, 96))


@pytest.mark.parametrize(
    ("kind", "attributes", "expected"),
    [
        ("scale", {"scale": (FLOAT_ATTR, 2.0), "bias": (FLOAT_ATTR, 1.0)}, [15, -5, 9]),
        # Paddle makes an integer of the factor first.
        ("scale", {"scale": (FLOAT_ATTR, 0.5)}, [0, 0, 0]),
        ("cast", {"out_dtype": (INT_ATTR, I64)}, [7, -3, 4]),
        ("unsqueeze2", {"axes": (INTS_ATTR, [0])}, [[7, -3, 4]]),
        ("reduce_sum", {"dim": (INTS_ATTR, [0])}, 8),
        ("reduce_prod", {"dim": (INTS_ATTR, [0]), "keep_dim": (6, True)}, [-84]),
        ("reshape2", {"shape": (INTS_ATTR, [-1, 1])}, [[7], [-3], [4]]),
        ("expand_v2", {"shape": (INTS_ATTR, [2, -1])}, [[7, -3, 4], [7, -3, 4]]),
        ("tile", {"repeat_times": (INTS_ATTR, [2])}, [7, -3, 4, 7, -3, 4]),
        ("abs", {}, [7, 3, 4]),
    ],
)
def test_operators_on_one_tensor(kind, attributes, expected):
    (value,) = value_of(op_of(kind, {"X": ["x"]}, **attributes), x=integers(7, -3, 4))
    assert value.tolist() == expected


@pytest.mark.parametrize(
    ("kind", "x", "y", "expected"),
    [
        ("elementwise_add", [7, 3], [2, 2], [9, 5]),
        ("elementwise_floordiv", [7, 3], [2, 2], [3, 1]),
        ("elementwise_mod", [7, 3], [2, 2], [1, 1]),
        ("elementwise_max", [7, 3], [5, 5], [7, 5]),
        ("equal", [7, 3], [7, 2], [True, False]),
        # What a negative number is divided to is not the same in every release.
        ("elementwise_floordiv", [-7, 3], [2, 2], None),
        ("elementwise_mod", [7, 3], [0, 2], None),
    ],
)
def test_operators_on_two_tensors(kind, x, y, expected):
    found = value_of(op_of(kind, {"X": ["x"], "Y": ["y"]}), x=integers(*x), y=integers(*y))
    assert (found[0].tolist() if found else None) == expected


@pytest.mark.parametrize(
    ("starts", "ends", "dropped", "expected"),
    [([0], [1], [], [7]), ([0], [1], [0], 7), ([-2], [9], [], [-3, 4]), ([1], [-1], [], [-3])],
)
def test_slices_are_pythons(starts, ends, dropped, expected):
    attributes = {"axes": [0], "starts": starts, "ends": ends, "decrease_axis": dropped}
    op = op_of("slice", {"Input": ["x"]}, **{name: (INTS_ATTR, value) for name, value in attributes.items()})
    (value,) = value_of(op, x=integers(7, -3, 4))
    assert value.tolist() == expected


def test_bounds_come_from_tensors_where_there_are_some():
    attributes = {"axes": [0], "starts": [-1], "ends": [-1]}
    inputs = {"Input": ["x"], "StartsTensor": ["s"], "EndsTensorList": ["e"]}
    op = op_of("slice", inputs, **{name: (INTS_ATTR, value) for name, value in attributes.items()})
    (value,) = value_of(op, x=integers(7, -3, 4), s=integers(1), e=np.int32(3))
    assert value.tolist() == [-3, 4]
    assert not value_of(op, x=integers(7, -3, 4), s=integers(1))


def test_a_table_is_read_by_a_list_of_places():
    """BEiT's biases: a table of what each distance between two tokens adds, read for each pair of them."""
    op = op_of("gather_nd", {"X": ["x"], "Index": ["i"]})
    (value,) = value_of(op, x=np.arange(6).reshape(3, 2), i=integers([2], [0], [2]))
    assert value.tolist() == [[4, 5], [0, 1], [4, 5]]
    (value,) = value_of(op, x=np.arange(6).reshape(3, 2), i=integers([2, 1], [0, 0]))
    assert value.tolist() == [5, 0]
    assert not value_of(op, x=np.arange(6).reshape(3, 2), i=integers([3]))


def test_several_outputs():
    op = op_of("split", {"X": ["x"]}, ("a", "b"), sections=(INTS_ATTR, [-1, 1]), axis=(INT_ATTR, 0))
    first, second = value_of(op, x=integers(7, -3, 4))
    assert first.tolist() == [7, -3]
    assert second.tolist() == [4]


def test_constants():
    shape = (LONGS_ATTR, [2])
    exact = op_of("fill_constant", {}, shape=shape, dtype=(INT_ATTR, I64), str_value=(STRING_ATTR, "9007199254740993"))
    (value,) = value_of(exact)
    assert value.tolist() == [9007199254740993] * 2
    stored = op_of(
        "assign_value", {}, shape=(INTS_ATTR, [3]), dtype=(INT_ATTR, I32), int32_values=(INTS_ATTR, [1, 2, 3])
    )
    (value,) = value_of(stored)
    assert (value.dtype, value.tolist()) == (np.int32, [1, 2, 3])


def test_what_is_not_known_or_too_large_stays():
    op = op_of("elementwise_add", {"X": ["x"], "Y": ["y"]})
    assert not value_of(op, x=integers(1))
    assert not value_of(op, largest=4, x=np.ones((4, 1), np.int32), y=np.ones((1, 4), np.int32))
    assert not value_of(op_of("conv2d", {"Input": ["x"]}), x=integers(1))
