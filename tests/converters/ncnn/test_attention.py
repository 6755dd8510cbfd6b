"""Attention through pnnx into ncnn, against ONNX's reference implementation in float64."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, numpy_helper
from onnx.reference import ReferenceEvaluator
from safetensors.numpy import load_file, save_file

from edgekit.errors import ConversionError
from tests.converters.ncnn.attention_graphs import Builder, global_attention, image, windowed_attention

pytestmark = pytest.mark.toolchain
REWRITES = ["split-fused-projection", "lower-rank"]
BLOCKS = {
    "windowed": windowed_attention,
    "global": global_attention,
    "global with one head": lambda: global_attention(heads=1),
}


def in_float64(model: onnx.ModelProto, x: np.ndarray) -> np.ndarray:
    exact = onnx.ModelProto.FromString(model.SerializeToString())
    for tensor in exact.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT:
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float64), tensor.name))
    del exact.graph.value_info[:]
    for value in (*exact.graph.input, *exact.graph.output):
        value.type.tensor_type.elem_type = TensorProto.DOUBLE
    (result,) = ReferenceEvaluator(exact).run(None, {"x": x.astype(np.float64)})
    assert np.asarray(result).dtype == np.float64
    return np.asarray(result)


@pytest.mark.parametrize("block", list(BLOCKS))
def test_ncnn_agrees(run_worker, tmp_path, block):
    model = BLOCKS[block]()
    x = image(model)
    onnx.save(model, tmp_path / "model.onnx")
    save_file({"x": x}, tmp_path / "tensors.safetensors")
    details, output = run_worker("ncnn/convert.py", {"onnx": tmp_path / "model.onnx"}, {"rewrites": REWRITES})
    assert details["warnings"] == []
    assert [report["refused"] for report in details["rewrites"]] == [[], []]
    (port,) = details["outputs"]
    _, results = run_worker(
        "ncnn/run.py",
        {
            "param": output / "model.ncnn.param",
            "bin": output / "model.ncnn.bin",
            "tensors": tmp_path / "tensors.safetensors",
        },
        details["io"] | {"output_shapes": {port["name"]: port["shape"]}, "threads": 2},
    )
    result = load_file(results / "outputs.safetensors")[port["name"]]
    expected = in_float64(model, x)
    assert result.shape == expected.shape
    assert np.abs(result - expected).max() < 1e-5 * np.abs(expected).max()


@pytest.mark.parametrize(
    ("block", "rewrites", "left"),
    [
        ("windowed", [], r"Tensor\.reshape"),
        ("windowed", REWRITES[:1], r"Tensor\.reshape"),
        ("windowed", REWRITES[1:], r"Tensor\.reshape|torch\.unbind"),
        ("global", [], r"torch\.unbind"),
    ],
)
def test_without_the_rewrites_it_is_refused(run_worker, tmp_path, block, rewrites, left):
    """If this fails, pnnx or ncnn has learned it and a rewrite may go."""
    onnx.save(BLOCKS[block](), tmp_path / "model.onnx")
    with pytest.raises(ConversionError, match=f"ncnn does not know: .*({left})"):
        run_worker("ncnn/convert.py", {"onnx": tmp_path / "model.onnx"}, {"rewrites": rewrites})


def test_a_refusal_says_which_rewrite_did_not_apply_and_why(run_worker, tmp_path):
    build = Builder()
    embedded = build.op("Conv", build.input("x", 1, 4, 8, 8), build.weights(4, 4, 1, 1), kernel_shape=[1, 1])
    apart = build.transpose(build.reshape(embedded, 1, 2, 2, 2, 4, 8), 0, 5, 4, 3, 2, 1)
    onnx.save(build.model(build.reshape(apart, 1, 4, 8, 8)), tmp_path / "model.onnx")
    with pytest.raises(ConversionError) as refusal:
        run_worker("ncnn/convert.py", {"onnx": tmp_path / "model.onnx"}, {"rewrites": REWRITES})
    assert "A rewrite did not apply: lower-rank: Transpose" in refusal.value.remedy
    assert "moves 5 dimensions apart, and ncnn has 4" in refusal.value.remedy
