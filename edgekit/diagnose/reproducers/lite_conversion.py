"""A small Paddle program that Paddle Lite's `opt` turns into a model that computes something else than Paddle (x86).

    uv run --script reproduce.py

`expected*.npy` is what Paddle gives for `input*.npy`, computed in float64.
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
from paddlelite.lite import MobileConfig, Opt, create_paddle_predictor


def off(found: np.ndarray, expected: np.ndarray) -> float:
    """The largest difference, relative to the largest expected value."""
    if found.size != expected.size:
        return np.inf
    return float(np.abs(found.reshape(-1) - expected.reshape(-1)).max() / (np.abs(expected).max() or 1))


here = Path(__file__).resolve().parent
case = json.loads((here / "case.json").read_text())
with tempfile.TemporaryDirectory() as folder:
    opt = Opt()
    opt.set_model_file(str(here / "inference.pdmodel"))
    opt.set_param_file(str(here / "inference.pdiparams"))
    opt.set_valid_places("x86")
    opt.set_model_type("naive_buffer")
    opt.set_optimize_out(str(Path(folder, "model")))
    opt.run()
    config = MobileConfig()
    config.set_model_from_file(str(Path(folder, "model.nb")))
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
