"""A small Paddle 3 program that paddle2onnx turns into an ONNX model that computes something else than Paddle does.

    uv run --script reproduce.py

`expected*.npy` is what Paddle gives for `input*.npy`, computed in float64.
"""

import zlib  # noqa: F401  isort: skip
import importlib
import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime


def off(found: np.ndarray, expected: np.ndarray) -> float:
    """The largest difference, relative to the largest expected value."""
    if found.size != expected.size:
        return np.inf
    return float(np.abs(found.reshape(-1) - expected.reshape(-1)).max() / (np.abs(expected).max() or 1))


here = Path(__file__).resolve().parent
case = json.loads((here / "case.json").read_text())
# The native module, which converts, needs Paddle's library in the process.
importlib.import_module("paddle")
native = importlib.import_module("paddle2onnx.paddle2onnx_cpp2py_export")
files = str(here / "inference.json"), str(here / "inference.pdiparams")
model = native.export(*files, 13, True, False, True, True, True, {}, "onnxruntime", "", "", False)
session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
fed = {name: np.load(here / file) for name, file in case["inputs"].items()}
wrong = False
for name, file in case["outputs"].items():
    (found,) = session.run([name], fed)
    expected = np.load(here / file)
    error = off(found, expected)
    print(f"{name}: {list(found.shape)}, off by {error:.3g} of the largest value of {list(expected.shape)}")
    wrong |= not error <= case["limit"]  # NaN is wrong too
sys.exit(wrong)
