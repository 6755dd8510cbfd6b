"""One layer of an ncnn model that computes something else than it should, in ncnn alone.

    uv run --script reproduce.py

`model.ncnn.param` and `model.ncnn.bin` are the layer, cut out with the weights that the file holds; `expected*.npy` is
what the same layer of a fresh conversion gives for `input*.npy`.
"""

import json
import sys
from pathlib import Path

import ncnn
import numpy as np


def off(found: np.ndarray, expected: np.ndarray) -> float:
    """The largest difference, relative to the largest expected value."""
    if found.size != expected.size:
        return np.inf
    return float(np.abs(found.reshape(-1) - expected.reshape(-1)).max() / (np.abs(expected).max() or 1))


here = Path(__file__).resolve().parent
case = json.loads((here / "case.json").read_text())
net = ncnn.Net()
net.opt.num_threads = 1
net.opt.use_winograd_convolution = False
for option in ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic", "use_bf16_packed", "use_bf16_storage"):
    setattr(net.opt, option, False)
if net.load_param(str(here / "model.ncnn.param")) or net.load_model(str(here / "model.ncnn.bin")):
    sys.exit("ncnn cannot load the model")
wrong = False
with net.create_extractor() as extractor:
    for name, file in case["inputs"].items():
        value = np.load(here / file)[0]  # ncnn has no batch: the leading 1 goes
        extractor.input(name, ncnn.Mat(value).clone())  # a Mat borrows the array's memory; a clone has its own
    for name, file in case["outputs"].items():
        status, mat = extractor.extract(name)
        found, expected = np.array(mat), np.load(here / file)
        error = off(found, expected) if status == 0 else np.inf
        print(f"{name}: {list(found.shape)}, off by {error:.3g} of the largest value of {list(expected.shape)}")
        wrong |= not error <= case["limit"]  # NaN is wrong too
sys.exit(wrong)
