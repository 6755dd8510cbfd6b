"""A small Paddle program, or an ONNX model made of one, that OpenVINO reads and computes otherwise than Paddle does.

    uv run --script reproduce.py

`expected*.npy` is what Paddle gives for `input*.npy`, computed in float64.
"""

import json
import sys
from pathlib import Path

import numpy as np
import openvino


def off(found: np.ndarray, expected: np.ndarray) -> float:
    """The largest difference, relative to the largest expected value."""
    if found.size != expected.size:
        return np.inf
    return float(np.abs(found.reshape(-1) - expected.reshape(-1)).max() / (np.abs(expected).max() or 1))


here = Path(__file__).resolve().parent
case = json.loads((here / "case.json").read_text())
core = openvino.Core()
onnx_model = here / "model.onnx"
model = core.read_model(onnx_model if onnx_model.exists() else here / "inference.pdmodel")
compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
request = compiled.create_infer_request()
request.infer({name: np.load(here / file) for name, file in case["inputs"].items()})
wrong = False
for name, file in case["outputs"].items():
    found, expected = np.array(request.get_tensor(name).data), np.load(here / file)
    error = off(found, expected)
    print(f"{name}: {list(found.shape)}, off by {error:.3g} of the largest value of {list(expected.shape)}")
    wrong |= not error <= case["limit"]  # NaN is wrong too
sys.exit(wrong)
