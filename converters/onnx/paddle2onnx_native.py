"""paddle2onnx's compiled module without Paddle, which only its Python package needs."""

import importlib
import importlib.util
import sys
import types
from pathlib import Path
from typing import Any

from edgeworker.paddle_program import Op, ops
from edgeworker.refusal import Refusal

# What only connects a program with its caller.
_PORTS = {"feed", "fetch"}


def _native() -> Any:
    """The extension module. An empty package in the place of `paddle2onnx` keeps `__init__` from running."""
    if "paddle2onnx" not in sys.modules:
        spec = importlib.util.find_spec("paddle2onnx")
        if spec is None or spec.submodule_search_locations is None:
            raise ModuleNotFoundError("paddle2onnx is not installed")
        package = types.ModuleType("paddle2onnx")
        package.__path__ = list(spec.submodule_search_locations)
        sys.modules["paddle2onnx"] = package
    return importlib.import_module("paddle2onnx.paddle2onnx_cpp2py_export")


def supported_operators() -> frozenset[str]:
    """The Paddle operators that paddle2onnx has a mapper for. Any other makes `export` abort the process."""
    return frozenset(_native().get_all_supported_operators())


def missing_operators(program: Any) -> list[Op]:
    """The operators of a ProgramDesc that paddle2onnx has no mapper for, in order."""
    known = supported_operators() | _PORTS
    return [op for op in ops(program) if op.desc.type not in known]


def export(program: Path, opset: int) -> bytes:
    """The serialized ONNX model of the program in the folder `program`.

    `opset` is the least; paddle2onnx raises it where an operator needs a newer one. Raises Refusal where
    paddle2onnx returns nothing (it logs the reason and does not raise) or finds a weight missing.
    """
    files = str(program / "inference.pdmodel"), str(program / "inference.pdiparams")
    upgrade_opset = check = experimental_operators = optimize = True
    verbose = export_fp16 = False
    custom_operators: dict[str, str] = {}
    try:
        content: bytes = _native().export(
            *files,
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
    except (IndexError, RuntimeError) as error:
        raise Refusal(
            f"paddle2onnx cannot read the weights of {program}: {error}",
            "Export the program again: its two files must come from one export",
            kind="input",
        ) from error
    if not content:
        raise Refusal(f"paddle2onnx made nothing of {program}; its log says why", kind="conversion")
    return content
