"""From the model that paddle2onnx made to `model.onnx`: OnnxSlim, then ONNX's own checker.

Shared by the two exporters, of Paddle 2 and of Paddle 3 programs, whose paddle2onnx need environments of their own.

Why OnnxSlim and not onnxsim: both fold every BatchNormalization that follows a convolution and compute shapes
and constants ahead. Six architectures, one a family, have the same error either way in ONNX Runtime (without
its own optimiser) and OpenVINO, and three of them the same bits in ncnn. But onnxsim 0.7.3 copies the whole model,
weights included, between its passes. On 2 busy cores: ResNet50_vd 7-14 s against 1-2 s, HRNet_W18 26-31 s against
4-7 s, HRNet_W64 58 s and 5.0 GB against 6-21 s and 3.1 GB; MixNet_S and Twins about the same.

Why opset 13: the oldest one with per-channel QuantizeLinear, so the one that most consumers read; no family
needs more. paddle2onnx raises it by itself where an operator does; `opset` in the details is what it became.
"""

import time
from collections.abc import Callable
from typing import Any

import onnx
import onnxslim

from edgeworker.onnx_resize import REGION_MAY_LACK, leave_out_empty_regions
from edgeworker.protocol import Request
from edgeworker.refusal import Refusal

OPSET = 13
# OnnxSlim turns MatMul + Add on tensors of rank 3 into Reshape, Gemm, Reshape: 111 more layers in Twins.
# Every engine fuses the classifier's MatMul + Add by itself.
_NOT_WANTED = ["FusionGemm"]


def write_model(
    request: Request, export: Callable[[int], bytes], feeds: list[str], fetches: list[str]
) -> dict[str, Any]:
    """Write `model.onnx` from what `export` makes of the least opset; its inputs and outputs are `feeds`, `fetches`.

    Options: `opset` (default 13), `simplify` (default true), `check` (default true),
    `batch` (what the program must have been exported for; nothing is checked for None and "dynamic").
    Returns `inputs` and `outputs` (name, shape, dtype), `io`, `opset`, `operators` (type -> count),
    `rewrites` (none) and `seconds` per step.
    """
    options = request.options
    seconds: dict[str, float] = {}

    started = time.perf_counter()
    model = onnx.load_from_string(export(int(options.get("opset", OPSET))))
    seconds["paddle2onnx"] = time.perf_counter() - started

    if options.get("simplify", True):
        started = time.perf_counter()
        model = _simplify(model)
        seconds["onnxslim"] = time.perf_counter() - started

    if _opset(model) >= REGION_MAY_LACK:
        leave_out_empty_regions(model.graph)
    _check_names("inputs", feeds, [value.name for value in model.graph.input])
    _check_names("outputs", fetches, [value.name for value in model.graph.output])
    inputs = [_port(value) for value in model.graph.input]
    batch = options.get("batch")
    if isinstance(batch, int) and any(port["shape"][0] != batch for port in inputs):
        raise Refusal(f"the program was exported for {inputs[0]['shape']}, not for batch {batch}", kind="input")
    path = request.output / "model.onnx"
    onnx.save(model, path)
    if options.get("check", True):
        started = time.perf_counter()
        # By path: a model of more than 2 GiB cannot be handed over in memory.
        onnx.checker.check_model(str(path))
        seconds["check"] = time.perf_counter() - started

    operators: dict[str, int] = {}
    for node in model.graph.node:
        operators[node.op_type] = operators.get(node.op_type, 0) + 1
    return {
        "inputs": inputs,
        "outputs": [_port(value) for value in model.graph.output],
        "io": {"inputs": {name: name for name in feeds}, "outputs": {name: name for name in fetches}},
        "opset": _opset(model),
        "operators": operators,
        "rewrites": [],
        "seconds": seconds,
    }


def _simplify(model: onnx.ModelProto) -> onnx.ModelProto:
    simplified = onnxslim.slim(model, skip_fusion_patterns=_NOT_WANTED)
    if not isinstance(simplified, onnx.ModelProto):
        raise Refusal("OnnxSlim gave no model back", "Convert with the option simplify = false")
    return simplified


def _opset(model: onnx.ModelProto) -> int:
    return next(entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx"))


def _check_names(kind: str, wanted: list[str], present: list[str]) -> None:
    if sorted(wanted) != sorted(present):
        raise Refusal(f"the program's {kind} are {wanted}, those of the ONNX model {present}")


def _port(value: onnx.ValueInfoProto) -> dict[str, Any]:
    """`shape` in elements; a dimension that is not fixed has its name, or -1."""
    tensor = value.type.tensor_type
    return {
        "name": value.name,
        "shape": [dim.dim_value if dim.HasField("dim_value") else (dim.dim_param or -1) for dim in tensor.shape.dim],
        "dtype": onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type).name,
    }
