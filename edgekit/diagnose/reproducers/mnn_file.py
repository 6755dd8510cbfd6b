"""One layer of an MNN model that computes something else than it should, in MNN alone.

    uv run --script reproduce.py

`model.mnn` is the layer, cut out with the weights that the file holds; `expected*.npy` is what the same layer of a
fresh conversion gives for `input*.npy`.
"""

import json
import sys
from pathlib import Path

import MNN
import numpy as np


def off(found: np.ndarray, expected: np.ndarray) -> float:
    """The largest difference, relative to the largest expected value."""
    if found.size != expected.size:
        return np.inf
    return float(np.abs(found.reshape(-1) - expected.reshape(-1)).max() / (np.abs(expected).max() or 1))


def tensor(value: np.ndarray) -> "MNN.Tensor":
    """An array with its axes in the order that they have."""
    return MNN.Tensor(value.shape, MNN.Halide_Type_Float, value, MNN.Tensor_DimensionType_Caffe)


here = Path(__file__).resolve().parent
case = json.loads((here / "case.json").read_text())
network = MNN.Interpreter(str(here / "model.mnn"))
network.setSessionHint(3, 0)  # the smallest of Winograd's transforms
session = network.createSession({"backend": "CPU", "precision": "high", "numThread": 1})
for name, file in case["inputs"].items():
    network.getSessionInput(session, name).copyFrom(tensor(np.load(here / file)))
network.runSession(session)
wrong = False
for name, file in case["outputs"].items():
    output, expected = network.getSessionOutput(session, name), np.load(here / file)
    host = tensor(np.zeros(output.getShape(), np.float32))
    output.copyToHostTensor(host)
    found = np.array(host.getNumpyData()).reshape(output.getShape())
    error = off(found, expected)
    print(f"{name}: {list(found.shape)}, off by {error:.3g} of the largest value of {list(expected.shape)}")
    wrong |= not error <= case["limit"]  # NaN is wrong too
sys.exit(wrong)
