"""A worker for every role of a matrix, told by the name of its own file. Its model is a text file with its name.

`FAKE_CALLS` names a folder that gets a file for each call, `FAKE_FAIL` lists calls that refuse or deviate, such
as `beta/convert ResNet18`, and `FAKE_SLEEP` lists calls that take hours. Calls that `FAKE_HOLD` lists wait until
nobody holds the lock of the file `FAKE_LOCK`.
"""

# /// script
# requires-python = ">=3.10"
# dependencies = ["numpy==1.26.4", "safetensors==0.8.0"]
# ///

import fcntl
import os
import sys
import time
import zlib
from pathlib import Path

import numpy as np
from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal
from edgeworker.whole import CHECKS
from safetensors.numpy import load_file, save_file

CHECKS.clear()  # what it calls a program is a text
SCRIPT = Path(sys.argv[0])
TARGET, VERB = SCRIPT.parent.name, SCRIPT.stem
LATENCY = {"p50_ms": 12.5, "p95_ms": 13.5, "min_ms": 12.0, "repeats": 30}


def job(request: Request) -> dict:
    """Play the role."""
    name = model_name(request)
    call = f"{TARGET}/{VERB} {name}"
    calls = Path(os.environ["FAKE_CALLS"])
    (calls / f"{time.time_ns()} {call.replace('/', '.')}").touch()
    if call in os.environ.get("FAKE_SLEEP", "").split(","):
        time.sleep(7200)
    if call in os.environ.get("FAKE_HOLD", "").split(","):
        with Path(os.environ["FAKE_LOCK"]).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
    deviates = call in os.environ.get("FAKE_FAIL", "").split(",")
    if deviates and VERB != "run":
        raise Refusal("the layer Foo is unknown", "Use another target.")
    if VERB == "run":
        return run(request, deviates)
    if VERB == "synthesize":
        save_file({name: np.zeros(250, np.float32)}, request.output / "weights.safetensors")
        return {}
    files = {"export": ["inference.pdmodel", "inference.pdiparams"]}
    for file in files.get(VERB, [f"model.{TARGET}"]):
        (request.output / file).write_text(f"{name} {'x' * 1000}")
    if VERB == "export":
        size = request.options["input_size"]
        classes = 10 if size == [64, 64] else 1000  # the demo weights', or ImageNet's
        return {
            "inputs": [{"name": "x", "shape": [1, 3, *size], "dtype": "float32"}],
            "outputs": [{"name": "logits", "shape": [1, classes], "dtype": "float32"}],
            "class_count": classes,
        }
    return {}


def model_name(request: Request) -> str:
    """Which model it is about."""
    if "architecture" in request.options:
        return request.options["architecture"]["name"]
    paths = [path / "inference.pdmodel" if path.is_dir() else path for path in request.inputs.values()]
    return (
        next(path for path in paths if path.name != request.inputs.get("tensors", Path()).name).read_text().split()[0]
    )


def run(request: Request, deviates: bool) -> dict:
    """Logits that agree, but for one that is off by a tenth where it deviates."""
    given = load_file(request.inputs["tensors"])["x"]
    samples = len(given)
    # What it makes of a sample depends on that alone: on some of them it is what it is on all.
    seeds = [zlib.crc32(np.ascontiguousarray(sample).tobytes()) for sample in given]
    oracle = np.stack([np.random.default_rng(seed).normal(size=1000) for seed in seeds])
    noise = np.stack([np.random.default_rng([seed, len(TARGET)]).normal(size=1000) for seed in seeds]) * 1e-6
    outputs = (oracle + noise).astype(np.float32)
    outputs[0, 0] += 0.1 * deviates
    if TARGET == "paddle":
        save_file({"logits": outputs}, request.output / "reference.safetensors")
        save_file({"logits": oracle}, request.output / "oracle.safetensors")
    else:
        save_file({"logits": outputs}, request.output / "outputs.safetensors")
    return {"latency": LATENCY if request.options["latency"] else None, "samples": samples}


main(job, ["numpy"])
