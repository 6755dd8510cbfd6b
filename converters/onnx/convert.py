"""A Paddle program to `model.onnx`: paddle2onnx, then OnnxSlim, then ONNX's own checker (`edgeworker.onnx_model`)."""

from pathlib import Path
from typing import Any

from edgeworker.onnx_model import write_model
from edgeworker.paddle_program import ops, read_program
from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal
from paddle2onnx_native import export, missing_operators


def convert(request: Request) -> dict[str, Any]:
    """Write `model.onnx`, with the program's names of inputs and outputs; returns what `write_model` does.

    Inputs: `program`. Options: see `write_model`. Raises Refusal for a damaged program and for unsupported operators.
    """
    program = request.inputs["program"]
    feeds, fetches = _check_program(program)
    return write_model(request, lambda opset: export(program, opset), feeds, fetches)


def _check_program(folder: Path) -> tuple[list[str], list[str]]:
    """The names the program feeds and fetches. Refuses what would make paddle2onnx end the process."""
    if not (folder / "inference.pdiparams").is_file():
        raise Refusal(f"{folder} holds no inference.pdiparams", kind="input")
    program = read_program(folder / "inference.pdmodel")
    unsupported: dict[str, list[str]] = {}
    for op in missing_operators(program):
        unsupported.setdefault(op.desc.type, []).append(op.place)
    if unsupported:
        listed = "; ".join(
            f"{kind} ({len(places)}x, first: {places[0]})" for kind, places in sorted(unsupported.items())
        )
        raise Refusal(
            f"paddle2onnx cannot convert to ONNX the operators {listed}",
            kind="operators",
        )
    feeds = [name for op in ops(program, {"feed"}) for slot in op.desc.outputs for name in slot.arguments]
    fetches = [name for op in ops(program, {"fetch"}) for slot in op.desc.inputs for name in slot.arguments]
    return feeds, fetches


if __name__ == "__main__":
    main(convert, tools=("paddle2onnx", "onnxslim", "onnx"))
