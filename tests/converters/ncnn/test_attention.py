"""Attention through pnnx into ncnn, against ONNX's reference implementation in float64."""

import onnx
import pytest

from edgekit.errors import ConversionError
from tests.converters.ncnn.attention_graphs import Builder, global_attention, windowed_attention, windows_first
from tests.converters.ncnn.in_ncnn import through_ncnn

pytestmark = pytest.mark.toolchain
REWRITES = ["split-fused-projection", "lower-rank"]
BLOCKS = {
    "windowed": windowed_attention,
    "global": global_attention,
    "windows first": windows_first,
    "global with one head": lambda: global_attention(heads=1),
}


@pytest.mark.parametrize("block", list(BLOCKS))
def test_ncnn_agrees(run_worker, tmp_path, block):
    result = through_ncnn(run_worker, tmp_path, BLOCKS[block](), REWRITES)
    assert result.details["warnings"] == []
    assert [report["refused"] for report in result.details["rewrites"]] == [[], []]
    assert result.error < 1e-5


@pytest.mark.parametrize(
    ("block", "rewrites", "left"),
    [
        ("windowed", [], r"Tensor\.reshape"),
        ("windowed", REWRITES[:1], r"Tensor\.reshape"),
        ("windowed", REWRITES[1:], r"Tensor\.reshape|torch\.unbind"),
        ("windows first", REWRITES[:1], r"Tensor\.reshape"),
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
