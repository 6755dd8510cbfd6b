# /// script
# requires-python = ">=3.11,<3.13"
# dependencies = [
#     "paddle2onnx==1.3.1",
#     "colorama==0.4.6",
#     "flatbuffers==25.12.19",
#     "ml-dtypes==0.6.0",
#     "mpmath==1.3.0",
#     "numpy==2.4.6",
#     "onnx==1.23.2",
#     "onnxruntime==1.32.0",
#     "onnxslim==0.1.98",
#     "packaging==26.3",
#     "protobuf==7.36.2",
#     "safetensors==0.8.0",
#     "sympy==1.14.0",
#     "typing-extensions==4.16.0",
# ]
# ///
"""A Paddle program to `model.onnx`: paddle2onnx, then OnnxSlim, then ONNX's own checker.

Why OnnxSlim and not onnxsim: both fold every BatchNormalization that follows a convolution and compute shapes
and constants ahead. Six architectures, one a family, have the same error either way in ONNX Runtime (without
its own optimiser) and OpenVINO, and three of them the same bits in ncnn. But onnxsim 0.7.3 copies the whole model,
weights included, between its passes. On 2 busy cores: ResNet50_vd 7-14 s against 1-2 s, HRNet_W18 26-31 s against
4-7 s, HRNet_W64 58 s and 5.0 GB against 6-21 s and 3.1 GB; MixNet_S and Twins about the same.

Why opset 13: the oldest one with per-channel QuantizeLinear, so the one that most consumers read; no family
needs more. paddle2onnx raises it by itself where an operator does; `opset` in the details is what it became.
"""

import time
from pathlib import Path
from typing import Any

import onnx
import onnxslim
from edgeworker.paddle_program import ops, read_program
from edgeworker.protocol import Refusal, Request, main
from paddle2onnx_native import export, supported_operators

OPSET = 13
# What only connects a program with its caller.
_PORTS = {"feed", "fetch"}
# OnnxSlim turns MatMul + Add on tensors of rank 3 into Reshape, Gemm, Reshape: 111 more layers in Twins.
# Every engine fuses the classifier's MatMul + Add by itself.
_NOT_WANTED = ["FusionGemm"]


def convert(request: Request) -> dict[str, Any]:
    """Write `model.onnx`, with the program's names of inputs and outputs.

    Inputs: `program`. Options: `opset` (default 13), `simplify` (default true), `check` (default true),
    `batch` (None, or what the program must have been exported for).
    Returns `inputs` and `outputs` (name, shape, dtype), `io`, `opset`, `operators` (type -> count),
    `rewrites` (none) and `seconds` per step. Raises Refusal for a damaged program and for unsupported operators.
    """
    options = request.options
    program = request.inputs["program"]
    feeds, fetches = _check_program(program)
    seconds: dict[str, float] = {}

    started = time.perf_counter()
    model = onnx.load_from_string(export(program, int(options.get("opset", OPSET))))
    seconds["paddle2onnx"] = time.perf_counter() - started

    if options.get("simplify", True):
        started = time.perf_counter()
        model = _simplify(model)
        seconds["onnxslim"] = time.perf_counter() - started

    _check_names("inputs", feeds, [value.name for value in model.graph.input])
    _check_names("outputs", fetches, [value.name for value in model.graph.output])
    inputs = [_port(value) for value in model.graph.input]
    if (batch := options.get("batch")) and any(port["shape"][0] != batch for port in inputs):
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
        "opset": next(entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")),
        "operators": operators,
        "rewrites": [],
        "seconds": seconds,
    }


def _check_program(folder: Path) -> tuple[list[str], list[str]]:
    """The names the program feeds and fetches. Refuses what would make paddle2onnx end the process."""
    if not (folder / "inference.pdiparams").is_file():
        raise Refusal(f"{folder} holds no inference.pdiparams", kind="input")
    program = read_program(folder / "inference.pdmodel")
    unsupported: dict[str, list[str]] = {}
    known = supported_operators()
    for op in ops(program):
        if op.desc.type not in known | _PORTS:
            unsupported.setdefault(op.desc.type, []).append(op.place)
    if unsupported:
        listed = "; ".join(
            f"{kind} ({len(places)}x, first: {places[0]})" for kind, places in sorted(unsupported.items())
        )
        raise Refusal(
            f"paddle2onnx cannot convert to ONNX the operators {listed}",
            "Try a target that reads Paddle programs itself (lite, openvino)",
        )
    feeds = [name for op in ops(program, {"feed"}) for slot in op.desc.outputs for name in slot.arguments]
    fetches = [name for op in ops(program, {"fetch"}) for slot in op.desc.inputs for name in slot.arguments]
    return feeds, fetches


def _simplify(model: onnx.ModelProto) -> onnx.ModelProto:
    simplified = onnxslim.slim(model, skip_fusion_patterns=_NOT_WANTED)
    if not isinstance(simplified, onnx.ModelProto):
        raise Refusal("OnnxSlim gave no model back", "Convert with the option simplify = false")
    return simplified


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


if __name__ == "__main__":
    main(convert, tools=("paddle2onnx", "onnxslim", "onnx"))
