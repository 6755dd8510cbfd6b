import numpy as np
import onnx
import pytest
from edgeworker.rewrite import apply_rewrites
from onnx.reference import ReferenceEvaluator

from tests.converters.ncnn.attention_graphs import CUTS, Builder, global_attention, image, windowed_attention

NAME = "split-fused-projection"


@pytest.fixture
def rewrite(onnx_graph, rewrites):
    """Rewrites a model in place; returns the report."""

    def apply(model):
        (chosen,) = [rewrite for rewrite in rewrites.REWRITES if rewrite.name == NAME]
        (report,) = apply_rewrites(onnx_graph.OnnxGraph(model), [chosen])
        return report

    return apply


def evaluate(model) -> list[np.ndarray]:
    return [np.asarray(value) for value in ReferenceEvaluator(model).run(None, {"x": image(model)})]


def operators(model) -> list[str]:
    return [node.op_type for node in model.graph.node]


def assert_same_after(rewrite, model, applied=1):
    before = evaluate(model)
    assert rewrite(model) == {"name": NAME, "applied": applied, "refused": []}
    onnx.checker.check_model(model, full_check=True)
    for old, new in zip(before, evaluate(model), strict=True):
        assert old.shape == new.shape
        np.testing.assert_allclose(new, old, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("heads", [1, 2, 4])
def test_queries_keys_and_values_get_a_product_each(rewrite, cut, heads):
    model = windowed_attention(size=6, window=3, heads=heads, cut=cut)
    products = operators(model).count("MatMul")
    assert_same_after(rewrite, model)
    assert operators(model).count("MatMul") == products + 2
    assert not {"Slice", "Split", "Gather"} & set(operators(model))


@pytest.mark.parametrize("cut", CUTS)
def test_keys_and_values_alone(rewrite, cut):
    model = global_attention(cut=cut)
    assert_same_after(rewrite, model)
    assert not {"Slice", "Split", "Gather"} & set(operators(model))


def test_the_fused_weights_are_gone(rewrite):
    model = windowed_attention(size=6, window=3)
    count = sum(np.prod(tensor.dims) for tensor in model.graph.initializer if len(tensor.dims) == 2)
    rewrite(model)
    shapes = [tuple(tensor.dims) for tensor in model.graph.initializer if len(tensor.dims) == 2]
    assert shapes == [(16, 16)] * 4
    assert sum(np.prod(shape) for shape in shapes) == count


def projected(build, outputs, *shape, bias=True):
    """[1, 4, 8] times a matrix, reshaped."""
    return build.reshape(build.linear(build.input("x", 1, 4, 8, 8), 8, outputs, bias), *shape)


def rows(*, bias=True, transpose=None, axis=3, shape=(1, 4, 8, 3, 2, 4), cut="slice", count=3):
    build = Builder()
    value = projected(build, 24, *shape, bias=bias)
    if transpose:
        value = build.transpose(value, *transpose)
    return build.model(*build.cut(value, count, cut, axis))


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(
    ("shape", "transpose", "axis", "count"),
    [
        ((1, 4, 8, 3, 2, 4), None, 3, 3),
        ((1, 4, 8, 3, 2, 4), (3, 0, 1, 4, 2, 5), 0, 3),
        # heads outside, as in BLOOM: the columns of one piece are not side by side.
        ((1, 4, 8, 2, 3, 4), (0, 1, 4, 3, 2, 5), 2, 3),
        ((1, 4, 8, 2, 3, 4), None, -2, 3),
        ((32, 6, 4), (2, 0, 1), 0, 4),
        ((4, 2, 4, 24), None, -1, 24),
    ],
)
def test_wherever_the_cut_dimension_stands(rewrite, cut, bias, shape, transpose, axis, count):
    assert_same_after(rewrite, rows(bias=bias, transpose=transpose, axis=axis, shape=shape, cut=cut, count=count))


def test_unequal_pieces_without_a_reshape(rewrite):
    build = Builder()
    value = build.linear(build.input("x", 1, 4, 4, 8), 8, 12)
    number = lambda n: build.constant(np.array([n], np.int64))  # noqa: E731
    # -4 and the largest integer: counted from the end, and up to it.
    bounds = [(0, 3), (3, 8), (-4, np.iinfo(np.int64).max)]
    pieces = [build.op("Slice", value, number(start), number(stop), number(-1)) for start, stop in bounds]
    model = build.model(*pieces)
    assert_same_after(rewrite, model)
    assert operators(model) == ["MatMul", "Add"] * 3


def refused(rewrite, model):
    before = model.SerializeToString()
    report = rewrite(model)
    assert report["applied"] == 0
    assert model.SerializeToString() == before
    (reason,) = report["refused"]
    return reason


def test_weights_that_are_computed_are_refused(rewrite):
    build = Builder()
    product = build.op("MatMul", build.input("x", 1, 4, 8), build.input("w", 8, 24))
    model = build.model(*build.cut(build.reshape(product, 1, 4, 3, 8), 3, "slice", 2))
    assert refused(rewrite, model) == "MatMul n0: its weights 'w' are no constant that could be cut"


def test_a_stack_of_matrices_is_refused(rewrite):
    build = Builder()
    product = build.op("MatMul", build.input("x", 2, 4, 8), build.weights(2, 8, 24))
    model = build.model(*build.cut(build.reshape(product, 2, 4, 3, 8), 3, "slice", 2))
    assert "its weights have 3 dimensions" in refused(rewrite, model)


@pytest.mark.parametrize(("shape", "said"), [((4, 24), "has the shape [4, 24], not [24]"), ((1,), "[1], not [24]")])
def test_a_bias_that_is_not_one_a_column_is_refused(rewrite, shape, said):
    build = Builder()
    product = build.op("MatMul", build.input("x", 1, 4, 8), build.weights(8, 24))
    total = build.op("Add", build.weights(*shape), product)
    model = build.model(*build.cut(build.reshape(total, 1, 4, 3, 8), 3, "slice", 2))
    assert said in refused(rewrite, model)


def test_a_residual_before_the_cut_is_refused(rewrite):
    build = Builder()
    product = build.op("MatMul", build.input("x", 1, 4, 8), build.weights(8, 24))
    total = build.op("Add", product, build.input("r", 1, 4, 24))
    model = build.model(*build.cut(build.reshape(total, 1, 4, 3, 8), 3, "slice", 2))
    assert "what is added to it is no constant" in refused(rewrite, model)


def test_an_open_dimension_is_refused(rewrite):
    build = Builder()
    product = build.op("MatMul", build.input("x", 1, "tokens", 8), build.weights(8, 24))
    model = build.model(*build.cut(build.reshape(product, 1, -1, 3, 8), 3, "slice", 2))
    assert refused(rewrite, model) == "MatMul n0: the shape of its result is not known"


def test_pieces_of_the_rows_are_refused(rewrite):
    model = rows(shape=(1, 4, 8, 24), axis=1, count=4)
    assert "none of the weights' columns" in refused(rewrite, model)


def test_a_reshape_across_rows_and_columns_is_refused(rewrite):
    model = rows(shape=(1, 64, 3, 4), axis=2, count=3)
    assert "mixes the weights' columns with the rest" in refused(rewrite, model)


@pytest.mark.parametrize("spoil", ["read", "output", "stride", "one piece"])
def test_what_is_also_needed_whole_is_left_alone(rewrite, spoil):
    """None of these is the pattern, so there is nothing to refuse."""
    build = Builder()
    value = projected(build, 24, 1, 4, 8, 3, 8)
    number = lambda n: build.constant(np.array([n], np.int64))  # noqa: E731
    outputs = build.cut(value, 3, "slice", 3) if spoil in ("read", "output") else []
    if spoil == "stride":
        outputs = [build.op("Slice", value, number(i), number(3), number(3), number(2)) for i in range(2)]
    if spoil == "one piece":
        outputs = [build.op("Slice", value, number(1), number(2), number(3))]
    if spoil == "read":
        outputs.append(build.op("Relu", value))
    if spoil == "output":
        outputs.append(value)
    model = build.model(*outputs)
    before = model.SerializeToString()
    assert rewrite(model) == {"name": NAME, "applied": 0, "refused": []}
    assert model.SerializeToString() == before
