# /// script
# requires-python = ">=3.10,<3.13"
# dependencies = [
#     "paddlepaddle==3.3.1",
#     "paddle2onnx==2.1.0",
#     "anyio==4.16.0",
#     "certifi==2026.10.18",
#     "colorama==0.4.6",
#     "exceptiongroup==1.3.1 ; python_version < '3.11'",
#     "h11==0.16.0",
#     "httpcore==1.0.9",
#     "httpx==0.28.1",
#     "idna==3.20",
#     "ml-dtypes==0.6.0",
#     "mpmath==1.3.0",
#     "numpy==2.2.6",
#     "onnx==1.23.2",
#     "onnxslim==0.1.98",
#     "opt-einsum==3.3.0",
#     "packaging==26.3",
#     "pillow==12.3.0",
#     "protobuf==7.36.2",
#     "safetensors==0.8.0",
#     "setuptools==84.2.1",
#     "sympy==1.14.0",
#     "typing-extensions==4.16.0",
# ]
#
# [tool.uv]
# # paddle2onnx asks for an old onnx and for optimisers that only its command line uses; inference needs no networkx.
# override-dependencies = [
#     "networkx ; python_version < '3'",
#     "onnx==1.23.2",
#     "onnxoptimizer ; python_version < '3'",
#     "polygraphy ; python_version < '3'",
# ]
# ///
"""A Paddle 3 program to `model.onnx`: paddle2onnx 2, then OnnxSlim, then ONNX's own checker."""

from pathlib import Path
from typing import Any

from edgeworker.onnx_model import write_model
from edgeworker.protocol import Refusal, Request, main
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
