"""A small Paddle program that paddle2onnx turns into an ONNX model that computes something else than Paddle does.

    uv run --script reproduce.py

`expected*.npy` is what Paddle gives for `input*.npy`, computed in float64.
"""

import importlib
import importlib.util
import json
import sys
import types
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
# The package imports Paddle; its native module, which converts, does not need it.
spec = importlib.util.find_spec("paddle2onnx")
assert spec is not None and spec.submodule_search_locations is not None
package = types.ModuleType("paddle2onnx")
package.__path__ = list(spec.submodule_search_locations)
sys.modules["paddle2onnx"] = package
native = importlib.import_module("paddle2onnx.paddle2onnx_cpp2py_export")
files = str(here / "inference.pdmodel"), str(here / "inference.pdiparams")
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
