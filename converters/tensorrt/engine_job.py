"""What both converters do around their builder: precision, the build, the record of what the engine holds.

INT8 is in the model already, as QuantizeLinear and DequantizeLinear (`onnx/quantize.py`, form `tensorrt`).
"""

import hashlib
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx
from edgeworker.protocol import Request
from edgeworker.refusal import Refusal
from engine_builder import EngineBuilder
from engine_record import EngineRecord
from half_precision import in_half_precision
from quantised_graph import check_quantised, steps_of
from weight_places import find_weights, weights_of

_PRECISIONS = ("fp32", "fp16", "int8")
_MAX_BATCH = 64


def make_engine(request: Request, builder: EngineBuilder, build: dict[str, Any]) -> dict[str, Any]:
    """Write `model.engine` and `model.engine.json`.

    Returns `io`, `inputs`, `outputs` (name, shape, dtype), `build` (what built it, for which GPUs), `weights` (bytes of
    the model's, and of those found in the engine bit for bit), `rewrites` (none) and `seconds` per step.
    """
    options = request.options
    precision = options.get("precision", "fp32")
    if precision not in _PRECISIONS:
        raise Refusal(f"engines are built in {', '.join(_PRECISIONS)}, not {precision}", kind="input")
    if names := options.get("rewrites"):
        raise Refusal(f"there is no TensorRT rewrite {names[0]!r}; there are none", kind="input")
    source = request.inputs["onnx"]
    model = onnx.load(source)
    if precision == "int8":
        check_quantised(model)
    seconds: dict[str, float] = {}

    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="onnx-", dir=request.output) as scratch:
        path = source
        if precision == "fp16":
            model = in_half_precision(model)
            path = Path(scratch) / "model.onnx"
            onnx.save(model, path)
            seconds["fp16"] = time.perf_counter() - started
        started = time.perf_counter()
        engine = builder.build(path, int(options.get("max_batch", _MAX_BATCH)))
        seconds["build"] = time.perf_counter() - started
    (request.output / "model.engine").write_bytes(engine)

    started = time.perf_counter()
    inputs, outputs = builder.ports()
    _check_names("inputs", [value.name for value in model.graph.input], inputs)
    _check_names("outputs", [value.name for value in model.graph.output], outputs)
    weights, steps = weights_of(model), steps_of(model)
    record = EngineRecord(
        build=build,
        precision=precision,
        onnx_sha256=hashlib.sha256(source.read_bytes()).hexdigest(),
        inputs=inputs,
        outputs=outputs,
        weight_bytes=sum(array.nbytes for _, array in weights),
        weights=[replace(one, steps=steps.get(one.name)) for one in find_weights(engine, weights)],
    )
    record.write(request.output / "model.engine.json")
    seconds["record"] = time.perf_counter() - started
    return {
        "io": {
            "inputs": {port["name"]: port["name"] for port in inputs},
            "outputs": {port["name"]: port["name"] for port in outputs},
        },
        "inputs": inputs,
        "outputs": outputs,
        "build": build,
        "weights": {"bytes": record.weight_bytes, "found": sum(weight.size for weight in record.weights)},
        "rewrites": [],
        "seconds": seconds,
    }


def _check_names(kind: str, wanted: list[str], ports: list[dict[str, Any]]) -> None:
    if sorted(wanted) != sorted(port["name"] for port in ports):
        raise Refusal(f"the ONNX model's {kind} are {wanted}, those of the engine {[port['name'] for port in ports]}")
