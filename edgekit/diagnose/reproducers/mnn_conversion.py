"""A small ONNX graph that MNN converts to a model that computes something else than ONNX Runtime does.

    uv run --script reproduce.py

MNN's own command would install a package and report what it does; the function behind it does neither.
"""

import json
import sys
import tempfile
from pathlib import Path

import _tools
import MNN
import numpy as np
import onnxruntime


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
fed = {name: np.load(here / file) for name, file in case["inputs"].items()}
onnx_session = onnxruntime.InferenceSession(here / "model.onnx", providers=["CPUExecutionProvider"])
expected = dict(zip(case["outputs"], onnx_session.run(list(case["outputs"]), fed), strict=True))

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder, "model.mnn")
    files = ["--modelFile", str(here / "model.onnx"), "--MNNModel", str(path)]
    flags = ["--useGeluApproximation", "0", "--alignDenormalizedValue", "0", "--groupConvNative"]
    _tools.mnnconvert(["mnnconvert", "-f", "ONNX", *files, "--bizCode", "reproducer", *flags])
    if not path.exists():
        sys.exit("MNN wrote no model: it says above why")
    network = MNN.Interpreter(str(path))
    network.setSessionHint(3, 0)  # the smallest of Winograd's transforms
    session = network.createSession({"backend": "CPU", "precision": "high", "numThread": 1})
    for name, value in fed.items():
        network.getSessionInput(session, name).copyFrom(tensor(value))
    network.runSession(session)
    wrong = False
    for name, truth in expected.items():
        output = network.getSessionOutput(session, name)
        host = tensor(np.zeros(output.getShape(), np.float32))
        output.copyToHostTensor(host)
        found = np.array(host.getNumpyData()).reshape(output.getShape())
        error = off(found, truth)
        print(f"{name}: MNN {list(found.shape)}, ONNX Runtime {list(truth.shape)}, off by {error:.3g}")
        wrong |= not error <= case["limit"]  # NaN is wrong too
sys.exit(wrong)
