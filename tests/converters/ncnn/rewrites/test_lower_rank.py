import numpy as np
import onnx
import pytest
from edgeworker.rewrite import apply_rewrites
from onnx import helper
from onnx.reference import ReferenceEvaluator

from tests.converters.ncnn.attention_graphs import (
    CUTS,
    Builder,
    global_attention,
    image,
    windowed_attention,
    windows_first,
)

NAME = "lower-rank"


@pytest.fixture
def rewrite(onnx_graph, rewrites):
    """Rewrites a model in place, as the converter does; returns the reports."""

    def apply(model, *before):
        chosen = [next(one for one in rewrites.REWRITES if one.name == name) for name in (*before, NAME)]
        graph = onnx_graph.OnnxGraph(model)
        reports = apply_rewrites(graph, chosen)
        graph.prune()
        return reports

    return apply


def evaluate(model) -> list[np.ndarray]:
    return [np.asarray(value) for value in ReferenceEvaluator(model).run(None, {"x": image(model)})]


def shapes(model) -> dict[str, list[int]]:
    """Of everything that a node writes."""
    del model.graph.value_info[:]
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True).graph
    values = [*inferred.value_info, *inferred.output]
    return {value.name: [dim.dim_value for dim in value.type.tensor_type.shape.dim] for value in values}


def assert_lowered(rewrite, model, *before, given_back=()):
    """Same numbers, and no more than four dimensions besides a first one of 1; but for outputs that have them."""
    expected = evaluate(model)
    names = [value.name for value in model.graph.output]
    reports = rewrite(model, *before)
    assert reports[-1]["applied"] > 0
    assert [report["refused"] for report in reports] == [[]] * len(reports)
    onnx.checker.check_model(model, full_check=True)
    assert [value.name for value in model.graph.output] == names
    for old, new in zip(expected, evaluate(model), strict=True):
        assert old.shape == new.shape
        np.testing.assert_allclose(new, old, rtol=1e-5, atol=1e-6)
    too_long = {name for name, shape in shapes(model).items() if len(shape) > 5 or (len(shape) == 5 and shape[0] != 1)}
    assert too_long == set(given_back)


def operators(model) -> list[str]:
    return [node.op_type for node in model.graph.node]


@pytest.mark.parametrize("heads", [1, 2, 4])
@pytest.mark.parametrize("cut", CUTS)
def test_attention_in_windows(rewrite, heads, cut):
    assert_lowered(rewrite, windowed_attention(size=6, window=3, heads=heads, cut=cut), "split-fused-projection")


def test_a_window_partition_takes_one_transpose_of_rank_4(rewrite):
    build = Builder()
    parted = build.reshape(build.input("x", 1, 36, 4), 1, 2, 3, 2, 3, 4)
    model = build.model(build.reshape(build.transpose(parted, 0, 1, 3, 2, 4, 5), 1, 4, 9, 4))
    assert_lowered(rewrite, model)
    reshape, transpose, back = model.graph.node
    assert list(helper.get_attribute_value(transpose.attribute[0])) == [0, 1, 3, 2, 4]
    assert shapes(model)[reshape.output[0]] == [1, 2, 3, 2, 12]
    assert back.op_type == "Reshape"


def test_what_fits_is_left_alone(rewrite):
    model = global_attention()
    rewrite(model, "split-fused-projection")
    before = model.SerializeToString()
    assert rewrite(model) == [{"name": NAME, "applied": 0, "refused": []}]
    assert model.SerializeToString() == before


def test_windows_that_come_first_get_a_one_before_them(rewrite):
    model = windows_first()
    assert_lowered(rewrite, model)
    assert {shape[0] for shape in shapes(model).values()} == {1}
    again = model.SerializeToString()
    assert rewrite(model) == [{"name": NAME, "applied": 0, "refused": []}]
    assert model.SerializeToString() == again


def test_a_convolution_takes_windows_for_the_batch(rewrite):
    build = Builder()
    images = build.reshape(build.input("x", 1, 4, 3, 16), 4, 3, 4, 4)
    kernel = build.weights(5, 3, 1, 1)
    model = build.model(build.reshape(build.op("Conv", images, kernel, kernel_shape=[1, 1]), 1, 4, 5, 16))
    expected = evaluate(model)
    rewrite(model)
    assert operators(model) == ["Reshape", "Conv", "Reshape"]
    np.testing.assert_array_equal(evaluate(model), expected)


WHOLE = (1, 2, 3, 2, 3, 4)


def around(operation):
    """Six dimensions before and after `operation`, three outside."""
    build = Builder()
    value = build.transpose(build.reshape(build.input("x", 1, 36, 4), *WHOLE), 0, 1, 3, 2, 4, 5)
    result = operation(build, value)
    return build.model(build.reshape(result, 1, 2, -1))


def positive(build, value):
    return build.op("Exp", value)


def normalised(build, value):
    """A LayerNorm as paddle2onnx writes it."""
    centred = build.op("Sub", value, build.op("ReduceMean", value, axes=[-1]))
    square = build.op("Pow", centred, build.constant(np.array(2.0, np.float32)))
    variance = build.op("ReduceMean", square, axes=[5], keepdims=1)
    deviation = build.op("Sqrt", build.op("Add", variance, build.constant(np.array(1e-5, np.float32))))
    return build.op("Add", build.op("Mul", build.op("Div", centred, deviation), build.weights(4)), build.weights(4))


def halves(build, value):
    """One of three first."""
    build.op("Split", value, build.constant(np.array([1, 2])), outputs=2, axis=4)
    first, second = build.nodes[-1].output
    return build.op("Concat", second, first, axis=4)


OPERATIONS = {
    "unary": lambda build, value: build.op("Erf", value),
    "scalar": lambda build, value: build.op("Mul", value, build.constant(np.array(0.5, np.float32))),
    "one number": lambda build, value: build.op("Sub", build.constant(np.array([0.5], np.float32)), value),
    "vector": lambda build, value: build.op("Add", build.weights(4), value),
    "vector with ones before it": lambda build, value: build.op("Mul", value, build.weights(1, 1, 1, 4)),
    "two values": lambda build, value: build.op("Mul", value, build.op("Sigmoid", value)),
    "a constant of the same shape": lambda build, value: build.op("Add", build.weights(*WHOLE[:2], 2, 3, 3, 4), value),
    "softmax": lambda build, value: build.op("Softmax", value, axis=-1),
    "softmax, axis counted from the front": lambda build, value: build.op("Softmax", value, axis=5),
    "layer norm": normalised,
    "mean without its axis": lambda build, value: build.op("ReduceMean", value, axes=[5], keepdims=0),
    "matrix": lambda build, value: build.op("MatMul", value, build.weights(4, 5)),
    "pairs of matrices": lambda build, value: build.op("MatMul", value, build.transpose(value, 0, 1, 2, 3, 5, 4)),
    "a transpose that only moves ones": lambda build, value: build.transpose(value, 1, 0, 2, 3, 4, 5),
    "views": lambda build, value: build.op(
        "Unsqueeze", build.op("Squeeze", value, build.constant(np.array([0]))), build.constant(np.array([0, 3]))
    ),
    "softmax in the middle": lambda build, value: build.op("Softmax", value, axis=2),
    "mean of what lies apart": lambda build, value: build.op("ReduceMean", value, axes=[1, 4], keepdims=1),
    "maximum of the middle": lambda build, value: build.op("ReduceMax", value, axes=[2, 3], keepdims=0),
    "sum, its axes as an input": lambda build, value: build.op("ReduceSum", value, build.constant(np.array([-3]))),
    "one factor for each row of windows": lambda build, value: build.op("Mul", value, build.weights(2, 1, 1, 1, 1)),
    "repeated in the middle": lambda build, value: build.op(
        "Mul", value, build.op("ReduceMax", value, axes=[2], keepdims=1)
    ),
    "the trailing dimensions": lambda build, value: build.op("Add", build.weights(3, 3, 4), value),
    "one matrix among ones": lambda build, value: build.op("MatMul", value, build.weights(1, 1, 1, 1, 4, 5)),
    "clip": lambda build, value: build.op("Clip", value, build.constant(np.array(0.1, np.float32))),
    "cut twice": lambda build, value: build.op(
        "Slice", value, *(build.constant(np.array(numbers)) for numbers in ([1, 0], [2, 3], [3, -1]))
    ),
    "one window": lambda build, value: build.op("Gather", value, build.constant(np.array(1)), axis=2),
    "joined": lambda build, value: build.op("Concat", value, build.op("Erf", value), axis=2),
    "joined along a dimension of one": lambda build, value: build.op("Concat", value, value, axis=0),
    "parted and joined": lambda build, value: halves(build, value),
    "flatten": lambda build, value: build.op("Flatten", value, axis=3),
}


@pytest.mark.parametrize("operation", list(OPERATIONS))
def test_every_operation_keeps_its_values(rewrite, operation):
    assert_lowered(rewrite, around(OPERATIONS[operation]))


def test_axes_as_an_input(rewrite):
    build = Builder(opset=18)
    value = build.reshape(build.input("x", 1, 36, 4), *WHOLE)
    mean = build.op("ReduceMean", build.op("Erf", value), build.constant(np.array([5])), keepdims=0)
    assert_lowered(rewrite, build.model(build.reshape(mean, 1, 36)))


def test_a_layer_norm_of_its_own(rewrite):
    build = Builder(opset=17)
    value = build.op("Erf", build.reshape(build.input("x", 1, 36, 4), *WHOLE))
    normal = build.op("LayerNormalization", value, build.weights(4), build.weights(4), axis=5)
    assert_lowered(rewrite, build.model(build.reshape(normal, 1, 36, 4)))


def test_an_output_keeps_its_shape(rewrite):
    build = Builder()
    long = build.op("Relu", build.transpose(build.reshape(build.input("x", 1, 36, 4), *WHOLE), 0, 1, 3, 2, 4, 5))
    model = build.model(long, build.reshape(long, 1, 36, 4))
    assert_lowered(rewrite, model, given_back=[long])


def test_readers_share_what_they_read(rewrite):
    """Three products of one value: one Reshape before them."""
    build = Builder()
    value = build.transpose(build.reshape(build.input("x", 1, 36, 4), *WHOLE), 0, 1, 3, 2, 4, 5)
    products = [build.reshape(build.op("MatMul", value, build.weights(4, 3)), 1, 36, 3) for _ in range(3)]
    model = build.model(*products)
    assert_lowered(rewrite, model)
    assert operators(model).count("Transpose") == 1
    # Before the partition's Transpose, after it, and one for each output, which keeps its name.
    assert operators(model).count("Reshape") == 2 + 3


def refused(rewrite, model):
    before = model.SerializeToString()
    (report,) = rewrite(model)
    assert report["applied"] == 0
    assert model.SerializeToString() == before
    return report["refused"]


def test_five_dimensions_that_all_part_are_refused(rewrite):
    build = Builder()
    model = build.model(build.transpose(build.input("x", 1, 2, 3, 4, 5, 6), 0, 5, 4, 3, 2, 1))
    assert refused(rewrite, model) == ["Transpose n0: it moves 5 dimensions apart, and ncnn has 4"]


def test_a_batch_is_refused(rewrite):
    model = windowed_attention(size=6, window=3, batch=2)
    reasons = refused(rewrite, model)
    assert reasons
    assert all("only a batch of 1 may be left out, and the input 'x' is [2, 16, 6, 6]" in one for one in reasons)


def test_an_open_dimension_is_refused(rewrite):
    build = Builder()
    model = build.model(build.op("Relu", build.input("x", 1, "h", 2, 2, 2, 2)))
    assert refused(rewrite, model) == ["Relu n0: the shape of 'x' is not known"]


SIX = (1, 2, 3, 4, 5, 6)


@pytest.mark.parametrize(
    ("operator", "inputs", "attributes", "said"),
    [
        ("ReduceMean", [], {"axes": [1, 3, 5]}, "5 dimensions stay apart in it, and ncnn has 4"),
        ("ReduceMean", [], {}, "works along axes that are not said"),
        ("Add", [(2, 1, 4, 1, 6)], {}, "repeat along 5 dimensions, and ncnn has 4"),
        ("LayerNormalization", [(5, 6)], {"axis": 4}, "works along [4] and all that follow"),
        ("MatMul", [(6,)], {}, "one of its factors is a vector"),
        ("MatMul", [(4, 6, 5)], {}, "are not pairs of matrices"),
        ("Tile", [], {}, "not known to do the same with fewer dimensions"),
    ],
)
def test_what_needs_its_dimensions_is_refused(rewrite, operator, inputs, attributes, said):
    build = Builder(opset=17)
    x = build.input("x", *SIX)
    others = [build.weights(*shape) for shape in inputs]
    if operator == "Tile":
        others = [build.constant(np.array([1, 2, 1, 1, 1, 1]))]
    (reason,) = refused(rewrite, build.model(build.op(operator, x, *others, **attributes)))
    assert said in reason


def test_an_old_softmax_without_an_axis_is_refused(rewrite):
    """Before opset 13 its default is 1, over everything that follows."""
    build = Builder(opset=12)
    (reason,) = refused(rewrite, build.model(build.op("Softmax", build.input("x", *SIX))))
    assert "works along [1]" in reason
