"""A worker for every role of a target that has INT8, told by the name of its own file. Its model is a text file.

The text names the model and the layers that are in floating point. Of twelve layers the first four matter: without so
many of them in floating point a model in INT8 decides otherwise on a tenth of all photos, each. `FAKE_CALLS` names a
folder that gets a file for each call, and `FAKE_FAIL` lists calls that refuse, such as `onnx/quantize`; of `run` those
on photos that come in pieces, in INT8 as `run int8`.
"""

# /// script
# requires-python = ">=3.10"
# dependencies = ["numpy==1.26.4", "safetensors==0.8.0"]
# ///

import json
import os
import sys
import time
import zlib
from pathlib import Path

import numpy as np
from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal
from edgeworker.stream import stream_job
from edgeworker.whole import CHECKS
from safetensors.numpy import load_file, save_file

CHECKS.clear()  # what it calls a program is a text
SCRIPT = Path(sys.argv[0])
TARGET, VERB = SCRIPT.parent.name, SCRIPT.stem
LAYERS = [f"layer {number}" for number in range(12)]
MATTER = 4
CLASSES = 1000


def job(request: Request) -> dict:
    """Play the role."""
    text = model_text(request)
    kept = request.options.get("keep_float", []) if VERB == "quantize" else []
    called = f"{TARGET}.{VERB}{' stream' if request.options.get('stream') else ''} {len(kept)}"
    Path(os.environ["FAKE_CALLS"], f"{time.time_ns()} {called}").touch()
    failing = os.environ.get("FAKE_FAIL", "").split(",")
    if VERB == "run":
        if request.options.get("stream"):
            return stream_job(
                lambda _: Session(text, fails=f"{TARGET}/run{' int8' * ('int8' in text)}" in failing), request
            )
        return run(request, text)
    if f"{TARGET}/{VERB}" in failing:
        raise Refusal("the layer Foo is unknown", "Use another target.")
    if VERB == "ranges":
        return ranges(request)
    if VERB == "rank":
        return {"layers": [{"name": name, "type": "Conv", "snr_db": 20.0 + at} for at, name in enumerate(LAYERS)]}
    if VERB == "export":
        for file in ("inference.pdmodel", "inference.pdiparams"):
            (request.output / file).write_text(text)
        return {
            "inputs": [{"name": "x", "shape": [1, 3, *request.options["input_size"]], "dtype": "float32"}],
            "outputs": [{"name": "logits", "shape": [1, CLASSES], "dtype": "float32"}],
            "class_count": CLASSES,
        }
    if VERB == "quantize":
        text = f"{text} int8 {','.join(kept)}"
        save_file({"scales": np.ones(3, np.float32)}, request.output / "quantisation.safetensors")
    if VERB == "synthesize":
        save_file({text: np.ones(1, np.float32)}, request.output / "weights.safetensors")
    else:
        (request.output / f"model.{TARGET}").write_text(text)
    return {}


def ranges(request: Request) -> dict:
    """Two layers of the program: the second one's largest value is 4 on the calibration's photos, else 7."""
    calibrated = "most" in request.options
    samples = request.options["most"] if calibrated else len(load_file(request.inputs["tensors"])["x"])
    shared = {"folded": False, "channels": 8, "photos": None}
    first = {"name": "a", "type": "relu", "minimum": 0.0, "maximum": 1.0, "constant": [[1, 0.0], [5, 0.0]]}
    second = {"name": "b", "type": "relu", "minimum": 0.0, "maximum": 4.0 if calibrated else 7.0, "constant": []}
    if calibrated:
        first["constant"] = [[5, 0.0]]
    document = {"samples": samples, "tensors": [{**shared, **first}, {**shared, **second}]}
    (request.output / "ranges.json").write_text(json.dumps(document))
    return {}


def model_text(request: Request) -> str:
    """What the model's file says."""
    if "architecture" in request.options:
        return request.options["architecture"]["name"]
    paths = [path / "inference.pdmodel" if path.is_dir() else path for path in request.inputs.values()]
    return next(path for path in paths if path.suffix in (".pdmodel", f".{TARGET}")).read_text()


class Session:
    """A loaded model."""

    def __init__(self, text: str, *, fails: bool) -> None:
        self._text, self._fails = text, fails

    def run(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """What it makes of samples."""
        if self._fails:
            raise Refusal("the photo is too heavy")
        return {"logits": outputs_of(inputs["x"], self._text)}


def outputs_of(samples: np.ndarray, text: str) -> np.ndarray:
    """Values that depend on each sample alone, float32 [samples, CLASSES]."""
    missing = MATTER - text.count("layer") if "int8" in text else 0
    return np.stack([values(zlib.crc32(np.ascontiguousarray(one).tobytes()), missing) for one in samples])


def values(seed: int, missing: int) -> np.ndarray:
    """One sample's."""
    found = np.random.default_rng(seed).normal(size=CLASSES).astype(np.float32)
    if seed % 10 < missing:
        found[(int(found.argmax()) + 1) % CLASSES] = found.max() * 1.001
    return found


def run(request: Request, text: str) -> dict:
    """A run that is judged: in INT8 as in FP32, so that it passes."""
    outputs = outputs_of(load_file(request.inputs["tensors"])["x"], text.replace("int8", ""))
    if TARGET == "paddle":
        save_file({"logits": outputs}, request.output / "reference.safetensors")
        save_file({"logits": outputs.astype(np.float64)}, request.output / "oracle.safetensors")
    else:
        save_file({"logits": outputs}, request.output / "outputs.safetensors")
    return {"latency": None, "samples": len(outputs)}


main(job, ["numpy"])
