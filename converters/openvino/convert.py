"""A Paddle program to OpenVINO IR (`model.xml`, `model.bin`), straight from the .pdmodel or from its ONNX.

From ONNX go programs of Paddle 3, and those of which OpenVINO's Paddle front end does not know an operator.

Inputs: `program`, or `onnx` (model.onnx). Options: `precision` ("fp32": weights as they are; "fp16": weights stored
in half precision, which OpenVINO widens again when it compiles the model), `rewrites` (there are none so far).
"""

# A type checker without the package openvino takes this folder, which has its name, for it.
# pyright: reportAttributeAccessIssue=false

import re
from pathlib import Path
from typing import Any

import openvino
from edgeworker.paddle_program import ops, read_program
from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal

_PRECISIONS = ("fp32", "fp16")


def convert(request: Request) -> dict[str, Any]:
    """Write the IR; returns `io`, `inputs`, `outputs` (name, shape, dtype), `rewrites`, `build` (which input it read).

    Raises Refusal for a damaged program and for an operator that OpenVINO's Paddle front end lacks.
    """
    precision = request.options.get("precision", "fp32")
    if precision not in _PRECISIONS:
        raise Refusal(f"OpenVINO IR is written in {' or '.join(_PRECISIONS)}, not {precision}", kind="input")
    if names := request.options.get("rewrites"):
        raise Refusal(f"there is no OpenVINO rewrite {names[0]!r}; there are none", kind="input")
    (read,) = request.inputs
    model = _read_onnx(request.inputs["onnx"]) if read == "onnx" else _read(request.inputs["program"])
    path = request.output / "model.xml"
    # compress_to_fp16 is true by default: OpenVINO halves the weights unless told not to.
    openvino.save_model(model, path, compress_to_fp16=precision == "fp16")
    inputs = [_port(port) for port in model.inputs]
    outputs = [_port(port) for port in model.outputs]
    return {
        "io": {
            "inputs": {port["name"]: port["name"] for port in inputs},
            "outputs": {port["name"]: port["name"] for port in outputs},
        },
        "inputs": inputs,
        "outputs": outputs,
        "rewrites": [],
        "build": {"read": read},
    }


def _read(program: Path) -> openvino.Model:
    for name in ("inference.pdmodel", "inference.pdiparams"):
        if not (program / name).is_file():
            raise Refusal(f"{program} holds no {name}", kind="input")
    try:
        return openvino.Core().read_model(program / "inference.pdmodel")
    except RuntimeError as error:
        reason = str(error)
        if operators := re.findall(r"No creator found for (\S+) node", reason):
            # The front end stops at the first operator that it does not know, and does not say where it is.
            places = [op.place for op in ops(read_program(program / "inference.pdmodel"), set(operators))]
            listed = f"{len(places)}x, first: {places[0]}" if places else "it is not in the main block"
            raise Refusal(
                f"OpenVINO's Paddle front end cannot convert the operator {', '.join(operators)} ({listed})",
                kind="operators",
            ) from error
        last = [line for line in reason.splitlines() if line.strip()][-1]
        if "OpConversionFailure" in reason:
            raise Refusal(f"OpenVINO's Paddle front end failed on {program}: {last}") from error
        raise Refusal(f"OpenVINO cannot read the program in {program}: {last}", kind="input") from error


def _read_onnx(path: Path) -> openvino.Model:
    try:
        return openvino.Core().read_model(path)
    except RuntimeError as error:
        last = [line for line in str(error).splitlines() if line.strip()][-1]
        raise Refusal(f"OpenVINO cannot read {path.name}: {last}") from error


def _port(port: Any) -> dict[str, Any]:
    """An input's or output's one name, its shape (-1 where not fixed) and dtype."""
    names = sorted(port.get_names())
    if len(names) != 1:
        raise Refusal(f"OpenVINO gives a port of the model the names {names}; exactly one was expected")
    return {
        "name": names[0],
        "shape": [dim.get_length() if dim.is_static else -1 for dim in port.get_partial_shape()],
        "dtype": port.get_element_type().to_dtype().name,
    }


if __name__ == "__main__":
    main(convert, tools=("openvino",))
