import json

import pytest

from edgekit.errors import UsageError
from tests.converters.loading import load

pytestmark = pytest.mark.toolchain

engine_file = load("tensorrt", "engine_file")

# What the library allows where nobody forbids it, what the worker allows, and the GPUs that the worker knows.
ALLOWED = """
import tensorrt_rtx as trt
from convert import known_capabilities
from engine_builder import EngineBuilder
usual = trt.Builder(trt.Logger()).create_builder_config()
ours = EngineBuilder(trt, "TensorRT-RTX").config
print(*(config.get_flag(trt.BuilderFlag.TF32) for config in (usual, ours)), *known_capabilities())
"""


def test_an_engine_is_built_without_a_gpu(converted):
    details, output = converted
    assert sorted(path.name for path in output.iterdir()) == ["model.engine", "model.engine.json"]
    assert details["io"] == {"inputs": {"x": "x"}, "outputs": {"logits": "logits"}}
    assert details["inputs"] == [{"name": "x", "shape": [1, 3, 64, 64], "dtype": "float32"}]
    assert details["outputs"] == [{"name": "logits", "shape": [1, 10], "dtype": "float32"}]
    assert details["build"] == {
        "kind": "ahead-of-time",
        "tool": "TensorRT-RTX 1.7.1.116",
        "compute_capabilities": ["sm80", "sm86"],
    }
    header = engine_file.read_header((output / "model.engine").read_bytes())
    assert (header.tool, header.compute_capabilities) == ("TensorRT-RTX 1.7.1.116", ["sm80", "sm86"])


def test_nearly_all_weights_stand_in_it_bit_for_bit(converted):
    weights = converted[0]["weights"]
    assert 0.95 < weights["found"] / weights["bytes"] < 1  # batch normalisations behind a Concat are folded


def test_tf32_is_allowed_by_default_and_not_here(in_environment):
    usual, ours, *known = in_environment(ALLOWED).split()
    assert (usual, ours) == ("True", "False")
    assert known == list(engine_file._BITS.values())


def test_one_engine_for_all_gpus_is_hardly_larger(converted, run_worker, onnx_model):
    gpus = ["sm80", "sm86", "sm89", "sm120"]
    _, output = run_worker("tensorrt/convert.py", {"onnx": onnx_model}, {"gpu": gpus})
    engine = (output / "model.engine").read_bytes()
    assert len(engine) < 1.001 * (converted[1] / "model.engine").stat().st_size
    assert engine_file.read_header(engine).compute_capabilities == gpus


# Turing takes FP16 alone, and has some weights in an order that is not looked for.
@pytest.mark.parametrize(("gpu", "found"), [("sm75", 0.7), ("sm86", 0.95)])
def test_fp16_halves_the_weights_and_keeps_the_ports(converted, run_worker, onnx_model, gpu, found):
    details, output = run_worker("tensorrt/convert.py", {"onnx": onnx_model}, {"gpu": [gpu], "precision": "fp16"})
    assert {port["dtype"] for port in (*details["inputs"], *details["outputs"])} == {"float32"}
    assert details["weights"]["bytes"] * 2 == pytest.approx(converted[0]["weights"]["bytes"], rel=0.01)
    assert details["weights"]["found"] > found * details["weights"]["bytes"]
    assert json.loads((output / "model.engine.json").read_text())["precision"] == "fp16"


@pytest.mark.parametrize(
    ("options", "said", "remedy"),
    [
        ({"gpu": ["sm90"]}, "for sm75, sm80, sm86, sm89, sm120, sm121; asked for sm90", "TensorRT, built on that GPU"),
        ({"gpu": []}, "asked for none", ""),
        ({"gpu": ["sm75", "sm86"]}, "no FP32 matrix products for sm75", "--precision fp16"),
        ({"gpu": ["sm86"], "precision": "int4"}, "built in fp32, fp16, int8, not int4", ""),
        ({"gpu": ["sm86"], "rewrites": ["magic"]}, "no TensorRT rewrite 'magic'", ""),
    ],
)
def test_what_cannot_be_is_refused(run_worker, onnx_model, options, said, remedy):
    with pytest.raises(UsageError, match=said) as caught:
        run_worker("tensorrt/convert.py", {"onnx": onnx_model}, options)
    assert remedy in caught.value.remedy
