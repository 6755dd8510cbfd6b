"""Which of Paddle 3's operators a program may have: those that lead to a target, and that only compute.

Most ways from a Paddle 3 program lead through ONNX, and paddle2onnx 2.1.0 ends the process on an operator that it does
not know, without its name. So they are looked at before. Paddle Lite's way is another (`old_program`). What may not run
at all (files read or written, code called, other machines asked) is thereby left out too: neither has any of it but
`print`.
"""

import importlib
from typing import Any

from edgeworker.refusal import Refusal
from old_tables import TRANSLATIONS
from paddle3_runtime import paddle
from pir_program import Op, Program

# paddle2onnx goes by Paddle 2's names. Found by giving it each of Paddle's 1,332 operators in turn: 205 are converted,
# these under another name.
NAMES = {
    "add": "elementwise_add",
    "add_n": "sum",
    "all": "reduce_all",
    "any": "reduce_any",
    "arange": "range",
    "argmax": "arg_max",
    "argmin": "arg_min",
    "assign_value_": "assign_value",
    "batch_norm_": "batch_norm",
    "divide": "elementwise_div",
    "expand": "expand_v2",
    "flatten": "flatten_contiguous_range",
    "floor_divide": "elementwise_floordiv",
    "grid_sample": "grid_sampler",
    "hardsigmoid": "hard_sigmoid",
    "hardswish": "hard_swish",
    "matmul": "matmul_v2",
    "max": "reduce_max",
    "maximum": "elementwise_max",
    "mean": "reduce_mean",
    "min": "reduce_min",
    "minimum": "elementwise_min",
    "multiply": "elementwise_mul",
    "nonzero": "where_index",
    "numel": "size",
    "prod": "reduce_prod",
    "remainder": "elementwise_mod",
    "repeat_interleave_with_tensor_index": "repeat_interleave",
    "subtract": "elementwise_sub",
    "topk": "top_k_v2",
    "unsqueeze": "unsqueeze2",
    "builtin.combine": "builtin_combine",
    "builtin.slice": "builtin_slice",
    "builtin.split": "builtin_split",
}
PORTS = {"builtin.parameter", "data", "feed", "fetch"}
# Whose results differ from run to run, or which write into the log.
NOT_A_FUNCTION = {"empty", "gaussian", "multinomial", "print", "uniform"}
QUANTISED = {"dequantize_linear", "quantize_linear"}


def native_exporter() -> Any:
    """paddle2onnx's compiled module; it needs Paddle's library in the process."""
    assert paddle is not None
    return importlib.import_module("paddle2onnx.paddle2onnx_cpp2py_export")


def check_program(program: Program) -> None:
    """Raise Refusal, naming kinds and places, where there are operators that no target can get."""
    for op in program.ops:
        if op.name in QUANTISED:
            raise Refusal(
                f"the program is quantised already: {op.place}", "Give the FP32 model it was made from", kind="input"
            )
        if op.attribute("is_test") is False and not op.attribute("use_global_stats"):
            raise Refusal(
                f"the program was exported for training: {op.place} depends on more than the image",
                "Export the network after `network.eval()`",
                kind="input",
            )
    unsupported = [op for op in unknown_to_onnx(program) if op.name.removesuffix("_") not in TRANSLATIONS]
    if unsupported:
        raise Refusal(
            f"neither paddle2onnx nor a program of Paddle 2, which lead from Paddle 3 to the targets, have the "
            f"operators {listed(unsupported)}",
            "Express them with others, or export the model with Paddle 2.6 and convert that",
        )


def check_operators(program: Program) -> None:
    """Raise Refusal, naming kinds and places, where there are operators that paddle2onnx cannot convert."""
    if unsupported := unknown_to_onnx(program):
        raise Refusal(
            f"paddle2onnx, which leads from Paddle 3 to every target but Paddle Lite, cannot convert the operators "
            f"{listed(unsupported)}",
            "Convert it to Paddle Lite (--target lite), or export it again with Paddle 2.6",
        )


def unknown_to_onnx(program: Program) -> list[Op]:
    """The operators that paddle2onnx does not know, and those that do more than compute."""
    known = frozenset(native_exporter().get_all_supported_operators_pir()) - NOT_A_FUNCTION
    return [op for op in program.ops if op.name not in PORTS and NAMES.get(op.name, op.name) not in known]


def listed(ops: list[Op]) -> str:
    """Every kind, how often it is there, and where the first one stands."""
    kinds: dict[str, list[str]] = {}
    for op in ops:
        kinds.setdefault(op.name, []).append(op.place)
    return "; ".join(f"{kind} ({len(places)}x, first: {places[0]})" for kind, places in sorted(kinds.items()))
