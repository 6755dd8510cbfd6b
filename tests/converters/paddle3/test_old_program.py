"""Programs of Paddle 3 written as ProgramDesc, without Paddle: slots, attributes, names, and what is refused."""

import numpy as np
import pytest
from edgeworker.paddle_program import arguments, attribute, ops
from edgeworker.refusal import Refusal

from tests.converters.loading import load

pir_program = load("paddle3", "pir_program")
pir_build = load("paddle3", "pir_build")
old_program = load("paddle3", "old_program")
difference = load("paddle3", "old_comparison").difference


class Building:
    """A program that grows operator by operator; a value is its number."""

    def __init__(self) -> None:
        self.ops: list = []
        self.number = 0

    def op(self, kind, inputs=(), shape=(1, 4), dtype="0.t_f32", **attributes):
        self.number += 1
        listed = [pir_build.attribute(name, *value) for name, value in attributes.items()]
        made = pir_build.tensor_type(dtype, shape)
        self.ops.append(pir_build.operator(kind, listed, list(inputs), self.number, made))
        return self.number

    def data(self, shape=(1, 4)):
        return self.op("1.data", shape=shape, name=("0.a_str", "x"))

    def full(self, value, dtype="int32", shape=(1,)):
        element = {"int32": "0.t_i32", "float32": "0.t_f32"}[dtype]
        return self.op(
            "1.full", shape=shape, dtype=element,
            shape_=("1.a_intarray", list(shape)), value=("0.a_f64", value), dtype_=("1.a_dtype", dtype),
        )  # fmt: skip

    def ints(self, *values):
        self.number += 1
        self.ops.append(pir_build.constant(np.array(values), "int64", self.number))
        return self.number

    def fetch(self, source, name, column=0, shape=(1, 4)):
        self.number += 1
        made = pir_build.tensor_type("0.t_f32", shape)
        self.ops.append(pir_build.fetch(name, column, source, self.number, made))

    def program(self):
        for op in self.ops:
            for one in op["A"]:
                one["N"] = one["N"].rstrip("_")
        block = {"#": "block_0", "args": [], "ops": self.ops}
        document = {
            "base_code": {"magic": "pir", "trainable": True, "version": 4},
            "program": {"regions": [{"#": "region_0", "blocks": [block]}]},
        }
        program = pir_program.Program(document)
        pir_program.check_form(program)
        return program

    def written(self, constants=None):
        return old_program.old_program(self.program(), constants or {})


def kinds(written):
    return [op.desc.type for op in ops(written.description)]


def test_constant_operands_become_attributes_of_the_right_kind():
    made = Building()
    x = made.data((1, 6))
    shaped = made.op("1.reshape", [x, made.ints(1, -1, 3)], (1, 2, 3))
    cut = made.op(
        "1.slice", [shaped, made.ints(1), made.ints(1 << 62)], (1, 3),
        axes=("0.a_array", [{"#": "0.a_i64", "D": 1}]), infer_flags=("0.a_array", [{"#": "0.a_i64", "D": 1}]),
        decrease_axis=("0.a_array", [{"#": "0.a_i64", "D": 1}]),
    )  # fmt: skip
    scaled = made.op(
        "1.scale", [cut, made.full(2.5, "float32")], (1, 3),
        bias=("0.a_f32", 0.5), bias_after_scale=("0.a_bool", True),
    )  # fmt: skip
    made.fetch(scaled, "out", shape=(1, 3))
    written = made.written()
    assert kinds(written) == ["feed", "reshape2", "slice", "scale", "fetch"]
    _, reshape, sliced, scale, fetch = ops(written.description)
    assert attribute(reshape, "shape") == [1, 2, 3]
    assert (attribute(sliced, "starts"), attribute(sliced, "ends")) == ([1], [(1 << 31) - 1])
    assert (attribute(scale, "scale"), attribute(scale, "bias")) == (2.5, 0.5)
    assert arguments(scale.desc.outputs, "Out") == arguments(fetch.desc.inputs, "X") == ["out"]
    assert [each.type for each in reshape.desc.attrs] == [3]


def test_an_open_batch_is_the_one_open_extent_of_a_reshape():
    made = Building()
    x = made.data((-1, 4, 2))
    batch = made.op("1.shape64", [x], (3,), "0.t_i64")
    shaped = made.op("1.reshape", [x, batch], (-1, 8))
    made.fetch(shaped, "out", shape=(-1, 8))
    written = made.written()
    assert kinds(written) == ["feed", "reshape2", "fetch"]  # nobody needs the shape
    (reshape,) = ops(written.description, {"reshape2"})
    assert attribute(reshape, "shape") == [-1, 8]


def test_an_input_that_is_given_back_and_a_value_given_twice_are_copied():
    made = Building()
    x = made.data()
    y = made.op("1.relu", [x])
    for column, (value, name) in enumerate([(y, "one"), (x, "same"), (y, "two")]):
        made.fetch(value, name, column)
    written = made.written()
    assert kinds(written) == ["feed", "relu", "assign", "assign", "fetch", "fetch", "fetch"]
    copies = [
        (arguments(op.desc.inputs, "X"), arguments(op.desc.outputs, "Out"))
        for op in ops(written.description, {"assign"})
    ]
    assert copies == [(["x"], ["same"]), (["one"], ["two"])]
    fetched = [arguments(op.desc.inputs, "X") for op in ops(written.description, {"fetch"})]
    assert fetched == [["one"], ["same"], ["two"]]


def test_a_stored_constant_takes_the_place_of_what_computes_it():
    made = Building()
    x = made.data()
    filled = made.full(1.0, "float32", (1, 4))
    strange = made.op("1.bernoulli", [filled])
    made.fetch(made.op("1.add", [x, strange]), "out")
    with pytest.raises(Refusal, match=r"the operator bernoulli \(op 2\) has no like in a Paddle 2 program"):
        made.written()
    written = made.written({strange: np.ones((1, 4), np.float32)})
    assert kinds(written) == ["feed", "elementwise_add", "fetch"]
    assert written.parameters == ("bernoulli.3",)


def test_an_operator_that_nobody_needs_is_no_obstacle():
    made = Building()
    x = made.data()
    made.op("1.bernoulli", [x])
    made.fetch(made.op("1.relu", [x]), "out")
    assert kinds(made.written()) == ["feed", "relu", "fetch"]


def test_a_change_in_place_that_is_seen_elsewhere_is_refused():
    made = Building()
    x = made.op("1.relu", [made.data()])
    changed = made.op("1.sigmoid_", [x])
    made.fetch(made.op("1.add", [changed, changed]), "out")
    assert kinds(made.written()) == ["feed", "relu", "sigmoid", "elementwise_add", "fetch"]
    made.fetch(made.op("1.add", [changed, x]), "late", 1)
    with pytest.raises(Refusal, match=r"sigmoid_ \(op 2\) changes a tensor in place that add \(op 5\) uses after it"):
        made.written()


def test_a_number_that_is_computed_cannot_be_an_attribute():
    made = Building()
    x = made.data()
    computed = made.op("1.max", [x, made.ints()], (1,), keepdim=("0.a_bool", False))
    clipped = made.op("1.clip", [x, computed, made.full(9.0, "float32")])
    made.fetch(clipped, "out")
    with pytest.raises(Refusal, match=r"clip \(op 4\) takes a number from max \(op 2\), which is computed"):
        made.written()


def test_expanding_to_an_open_batch_is_refused():
    made = Building()
    x = made.data((-1, 4))
    one = made.full(1.0, "float32", (1, 4))
    many = made.op("1.expand", [one, made.op("1.shape64", [x], (2,), "0.t_i64")], (-1, 4))
    made.fetch(made.op("1.add", [x, many], (-1, 4)), "out", shape=(-1, 4))
    with pytest.raises(Refusal, match="as many copies as there are samples") as caught:
        made.written()
    assert "--batch" in caught.value.remedy


def test_slices_backwards_to_the_start_are_flips():
    def backwards(start):
        made = Building()
        x = made.data()
        axes = ("0.a_array", [{"#": "0.a_i32", "D": 1}])
        made.fetch(
            made.op("1.strided_slice", [x, made.ints(start), made.ints(-(1 << 31)), made.ints(-1)], axes=axes), "out"
        )
        return made.written()

    (flip,) = ops(backwards(1 << 31).description, {"flip"})
    assert attribute(flip, "axis") == [1]
    with pytest.raises(Refusal, match="reads part of an axis backwards to its start"):
        backwards(2)


def test_a_difference_is_rounding_or_refused():
    one = np.array([[1.0, 4.0]], np.float32)
    assert difference(one, one, "y") == 0
    assert difference(one, one + np.float32(1e-6), "y") == pytest.approx(2.4e-7, rel=0.1)
    for other in (one * 1.001, one * np.nan):
        with pytest.raises(Refusal, match="it computes something else: its output y is off by"):
            difference(one, other, "y")
    with pytest.raises(Refusal, match=r"its output y is \[2\], not \[1, 2\]"):
        difference(one, one[0], "y")
