"""One layer of a TFLite model that computes something else than it should, in LiteRT alone.

    uv run --script reproduce.py

`model.tflite` is the layer, cut out with the constants that the file holds; `expected*.npy` is what the same layer of a
fresh conversion gives for `input*.npy`. The file has an image's channels last, the arrays have them first.
"""

import json
import sys
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType


def off(found: np.ndarray, expected: np.ndarray) -> float:
    """The largest difference, relative to the largest expected value."""
    if found.size != expected.size:
        return np.inf
    return float(np.abs(found.reshape(-1) - expected.reshape(-1)).max() / (np.abs(expected).max() or 1))


def laid(value: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """An image with its axes in another order; what is no image as it is."""
    return np.ascontiguousarray(value.transpose(axes)) if value.ndim == len(axes) else value


here = Path(__file__).resolve().parent
case = json.loads((here / "case.json").read_text())
model = Interpreter(
    model_path=str(here / "model.tflite"),
    experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
)
model.allocate_tensors()
ports = {detail["name"]: detail["index"] for detail in (*model.get_input_details(), *model.get_output_details())}
for name, file in case["inputs"].items():
    model.set_tensor(ports[name], laid(np.load(here / file), (0, 2, 3, 1)))
model.invoke()
wrong = False
for name, file in case["outputs"].items():
    found, expected = laid(model.get_tensor(ports[name]), (0, 3, 1, 2)), np.load(here / file)
    error = off(found, expected)
    print(f"{name}: {list(found.shape)}, off by {error:.3g} of the largest value of {list(expected.shape)}")
    wrong |= not error <= case["limit"]  # NaN is wrong too
sys.exit(wrong)
