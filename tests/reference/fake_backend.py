"""A GPU backend's workers for tests: a builder of "engines" and a runner, told apart by the name of their own file.

The model is a text file; the output is the input's sum per class, plus what the file says.
"""

# /// script
# requires-python = ">=3.10"
# dependencies = ["numpy==1.26.4", "safetensors==0.8.0"]
# ///

import json
import os
import sys
from pathlib import Path

import numpy as np
from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal
from safetensors.numpy import load_file, save_file

VERB = Path(sys.argv[0]).stem


def job(request: Request) -> dict:
    """Build, or run; the options are written down for the test."""
    told = {"options": request.options, "python": sys.executable, "path": os.environ["PYTHONPATH"]}
    (Path(os.environ["FAKE_BACKEND"]) / f"{VERB}.json").write_text(json.dumps(told))
    if VERB in ("build", "convert"):
        for name in ("model.engine", "model.engine.json"):
            (request.output / name).write_text(request.inputs["onnx"].read_text())
        return {"build": {"tool": "TensorRT 11.4.0"}}
    words = next(path for role, path in request.inputs.items() if role in ("onnx", "engine")).read_text()
    if words == "absent":
        raise Refusal("it needs an NVIDIA GPU, and there is none", "Buy one", kind="absent")
    values = load_file(request.inputs["tensors"])["x"].sum(axis=(1, 2, 3), keepdims=True)[:, 0, 0]
    logits = np.concatenate([values, values + float(words)], axis=1).astype(np.float32)
    save_file({"logits": logits}, request.output / "outputs.safetensors")
    return {"libraries": {"cuDNN": "9.28"}, "latency": None}


main(job, ["numpy"])
