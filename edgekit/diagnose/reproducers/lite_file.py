"""One operator of a Paddle Lite model that computes something else than it should, in Paddle Lite alone (x86).

    uv run --script reproduce.py

`model.nb` is the operator, cut out with the parameters that the file holds; `expected*.npy` is what the same operator
of a fresh conversion gives for `input*.npy`.
"""

import json
import sys
from pathlib import Path

import numpy as np
from paddlelite.lite import MobileConfig, create_paddle_predictor


def off(found: np.ndarray, expected: np.ndarray) -> float:
    """The largest difference, relative to the largest expected value."""
    if found.size != expected.size:
        return np.inf
    return float(np.abs(found.reshape(-1) - expected.reshape(-1)).max() / (np.abs(expected).max() or 1))


here = Path(__file__).resolve().parent
case = json.loads((here / "case.json").read_text())
config = MobileConfig()
config.set_model_from_file(str(here / "model.nb"))
predictor = create_paddle_predictor(config)
for name, file in case["inputs"].items():
    predictor.get_input_by_name(name).from_numpy(np.load(here / file))
predictor.run()
wrong = False
for name, file in case["outputs"].items():
    found, expected = np.array(predictor.get_output_by_name(name).numpy()), np.load(here / file)
    error = off(found, expected)
    print(f"{name}: {list(found.shape)}, off by {error:.3g} of the largest value of {list(expected.shape)}")
    wrong |= not error <= case["limit"]  # NaN is wrong too
sys.exit(wrong)
