"""The workers for real GPUs, which cannot run here: TensorRT-RTX, whose Python module has the same shape, stands in for
TensorRT, and a plain object for the GPU. It shows slips, and nothing of what TensorRT does."""

import json

import pytest

from edgekit.toolchain.device import find_device

pytestmark = [
    pytest.mark.toolchain,
    pytest.mark.skipif(find_device("nvidia-gpu") is not None, reason="an NVIDIA GPU is here: no stand-in is needed"),
]

BUILD = """
import json, sys
from pathlib import Path
from types import SimpleNamespace
import tensorrt_rtx
sys.modules["tensorrt"] = tensorrt_rtx
import build
from edgeworker.protocol import Request
from edgeworker.refusal import Refusal
build.CudaDevice = lambda: SimpleNamespace(name="NVIDIA Fake", compute_capability="sm90", driver="CUDA 13.5", stream=0)
real, build.timed = build.timed, lambda request, device, details: {"p50_ms": 1.0}
request = Request({"onnx": Path(sys.argv[1])}, Path(sys.argv[2]), {"precision": "fp32", "batch": 1, "device": {}})
details = build.build(request)
print(json.dumps({"build": details["build"], "latency": details["latency"], "inputs": details["inputs"]}))
try:
    real(request, build.CudaDevice(), details)
except Refusal as refusal:
    print(refusal.message)
"""

RUN = """
import sys
from pathlib import Path
import tensorrt_rtx
sys.modules["tensorrt"] = tensorrt_rtx
import run_built
from edgeworker.protocol import Request
from edgeworker.refusal import Refusal
try:
    run_built.job(Request({"engine": Path(sys.argv[1])}, Path("."), {"batch": 1}))
except Refusal as refusal:
    print(refusal.message)
"""


def test_building_on_a_gpu_goes_as_far_as_timing(in_environment, onnx_model, tmp_path):
    first, second = in_environment(BUILD, onnx_model, tmp_path).splitlines()
    details = json.loads(first)
    assert details["build"] | {"tool": ""} == {
        "kind": "on-gpu",
        "tool": "",
        "gpu": "NVIDIA Fake",
        "compute_capabilities": ["sm90"],
        "driver": "CUDA 13.5",
    }
    assert details["latency"] == {"p50_ms": 1.0}
    assert details["inputs"] == [{"name": "x", "shape": [1, 3, 64, 64], "dtype": "float32"}]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.engine", "model.engine.json"]
    assert "found no NVIDIA GPU that it can use" in second


def test_running_what_was_built_asks_for_a_gpu(in_environment, converted):
    assert "CUDA finds no NVIDIA GPU here (CUDA error " in in_environment(RUN, converted[1] / "model.engine")
