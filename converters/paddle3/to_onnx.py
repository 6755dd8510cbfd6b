"""A Paddle 3 program to `model.onnx`: paddle2onnx 2, then OnnxSlim, then ONNX's own checker."""

from pathlib import Path
from typing import Any

from edgeworker.onnx_model import write_model
from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal
from pir_operators import check_operators, native_exporter
from pir_ports import ports
from pir_program import PARAMETERS_FILE, PROGRAM_FILE, read_program


def convert(request: Request) -> dict[str, Any]:
    """Write `model.onnx`, with the program's names of inputs and outputs; returns what `write_model` does.

    Inputs: `program`, a folder that `adopt.py` wrote. Options: see `write_model`. Raises Refusal for unsupported
    operators.
    """
    folder = request.inputs["program"]
    program = read_program(folder / PROGRAM_FILE)
    check_operators(program)
    feeds, fetches = ([port.name for port in side] for side in ports(program))
    return write_model(request, lambda opset: _export(folder, opset), feeds, fetches)


def _export(folder: Path, opset: int) -> bytes:
    """The serialized ONNX model; `opset` is the least. Raises Refusal where paddle2onnx fails without crashing."""
    upgrade_opset = check = experimental_operators = optimize = True
    verbose = export_fp16 = False
    custom_operators: dict[str, str] = {}
    try:
        content: bytes = native_exporter().export(
            str(folder / PROGRAM_FILE),
            str(folder / PARAMETERS_FILE),
            opset,
            upgrade_opset,
            verbose,
            check,
            experimental_operators,
            optimize,
            custom_operators,
            "onnxruntime",  # the only use of the backend's name is in quantized models
            "",
            "",
            export_fp16,
        )
    # It raises Paddle's errors too, which are of many classes.
    except Exception as error:
        reason = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise Refusal(f"paddle2onnx cannot convert the program: {reason}") from error
    if not content:
        raise Refusal("paddle2onnx made nothing of the program; its log says why")
    return content


if __name__ == "__main__":
    main(convert, tools=("paddle2onnx", "onnxslim", "onnx"))
