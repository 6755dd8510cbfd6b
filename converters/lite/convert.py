"""A Paddle program to Paddle Lite models: model.arm.nb for phones and boards, model.x86.nb for this host.

Inputs: `program` (a folder with inference.pdmodel and inference.pdiparams). Options: `targets` ("arm",
"x86"; both where it is absent), `precision` ("fp32"; "fp16"; "int8": the program is a quantised one; "int8-weights" and
"int16-weights": a smaller file, computed in FP32), `rewrites` (names; see
`rewrites`), `arm-arithmetic` (["exact"], or ["fast"]: without the rewrites for ARM alone).

The precision is that of the ARM file. The one for x86 computes in FP32, for the ARM file to be compared with: its
runtime has no half precision, and neither reads integers rightly. What is quantised is rounded there as on ARM
(`simulated`).

`opt` ends the process where it fails. What is printed before each step tells the reader of the log where
that was.
"""

import shutil
import sys
import time
from pathlib import Path
from typing import Any

from edgeworker.paddle_graph import PARAMETERS_FILE, PROGRAM_FILE, ProgramGraph
from edgeworker.paddle_program import ops, read_program
from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal
from edgeworker.rewrite import apply_rewrites
from edgeworker.whole import NotWhole
from nb_format import CONVERTED_BACK, NbModel, clear_version_padding, read_nb
from rewriting import rewrites_for
from simulated import simulate
from supported_ops import missing_operators

_TARGETS = ("arm", "x86")
_WEIGHTS = {"int8-weights": "int8", "int16-weights": "int16"}
"""Precisions of weights alone, and what a manifest calls them."""


def convert(request: Request) -> dict[str, Any]:
    """Write model.<target>.nb for each target.

    Returns `io` (program names to the files' names), `rewrites` (reports, each once), `build`
    (`arm_arithmetic`, where there is a file for ARM; `weights`, where they are integers), `nb` (file ->
    opt_version, bytes, operators, parameters) and `seconds` (per step).
    Raises Refusal for an unknown target, precision or rewrite, and for an operator that Paddle Lite lacks.
    """
    targets, precision = _checked(request)
    folder = request.inputs["program"]
    if not (folder / PARAMETERS_FILE).is_file():
        raise Refusal(f"{folder} holds no {PARAMETERS_FILE}", kind="input")
    seconds: dict[str, float] = {}
    details: dict[str, Any] = {"io": None, "nb": {}, "seconds": seconds}
    if "arm" in targets:
        details["build"] = {"arm_arithmetic": "fast" if request.options.get("arm-arithmetic") == ["fast"] else "exact"}
    if precision in _WEIGHTS:
        details["build"] = {**details.get("build", {}), "weights": _WEIGHTS[precision]}
    reports: dict[str, dict[str, Any]] = {}
    # In the output folder: where `opt` ends the process, whoever started it clears that away.
    scratch = request.output / "rewritten"
    for target in targets:
        _announce(f"rewrite {target}")
        simulated = precision == "int8" and target == "x86"
        graph = ProgramGraph.read(folder) if simulated else ProgramGraph(read_program(folder / PROGRAM_FILE))
        if simulated:
            simulate(graph)
        outputs = [name for op in ops(graph.program, {"fetch"}) for name in op.desc.inputs[0].arguments]
        for report in apply_rewrites(graph, rewrites_for(target, request.options)):
            reports.setdefault(report["name"], report)
        rewritten = scratch / target
        rewritten.mkdir(parents=True)
        graph.write(rewritten, folder)
        _announce(f"check {target}")
        _check_operators(graph.program, target)
        _announce(f"opt {target}")
        started = time.perf_counter()
        path = _optimize(rewritten, target, precision, request.output)
        seconds[f"opt {target}"] = time.perf_counter() - started
        _announce(f"read {target}")
        model = _read_whole(path)
        names = _names(model, outputs)
        if details["io"] not in (None, names):
            raise Refusal(f"opt gave the targets' files different names: {details['io']} and {names}")
        details["io"] = names
        details["nb"][path.name] = {
            "opt_version": model.opt_version,
            "bytes": path.stat().st_size,
            "operators": [operator.type for operator in model.operators],
            "parameters": len(model.parameters),
        }
    shutil.rmtree(scratch)
    # As the options order them: those for one file alone are among the others.
    details["rewrites"] = [reports[name] for name in request.options.get("rewrites", []) if name in reports]
    return details


def _read_whole(path: Path) -> NbModel:
    """The model that `opt` wrote. Raises NotWhole where the file ends too early, which `opt` does not look at."""
    try:
        return read_nb(path)
    except Refusal as refusal:
        raise NotWhole(f"{path.name} was not written whole: {refusal.message}") from None


def _checked(request: Request) -> tuple[list[str], str]:
    targets = request.options.get("targets", list(_TARGETS))
    precision = request.options.get("precision", "fp32")
    unknown = sorted(set(targets) - set(_TARGETS))
    if unknown or not targets:
        named = ", ".join(unknown) or "none"
        raise Refusal(f"Paddle Lite targets are {', '.join(_TARGETS)}; asked for {named}", kind="input")
    if precision not in (known := ("fp32", "fp16", "int8", *_WEIGHTS)):
        raise Refusal(f"Paddle Lite models are made in {', '.join(known)}, not in {precision}", kind="input")
    return list(dict.fromkeys(targets)), precision


def _check_operators(program: Any, target: str) -> None:
    """Refuse operators that Paddle Lite has not got; `opt` itself would end the process."""
    if missing := missing_operators(program, target):
        kinds = ", ".join(sorted({op.desc.type for op in missing}))
        raise Refusal(
            f"Paddle Lite has no {target} kernel for {kinds}; the first is {missing[0].place}",
            "Express it with other operators in the model",
            kind="operators",
        )


def _optimize(folder: Path, target: str, precision: str, output: Path) -> Path:
    from paddlelite.lite import Opt

    opt = Opt()
    opt.set_model_file(str(folder / PROGRAM_FILE))
    opt.set_param_file(str(folder / PARAMETERS_FILE))
    if precision == "fp16" and target == "arm":
        opt.enable_fp16()  # before set_valid_places, which reads it
    # The file for x86 is the one that computes the same in FP32: its runtime gives NaN for weights in integers.
    if precision in _WEIGHTS and target == "arm":
        opt.set_quant_model(True)
        opt.set_quant_type(f"QUANT_{_WEIGHTS[precision].upper()}")
    opt.set_valid_places(target)
    opt.set_model_type("naive_buffer")
    path = output / f"model.{target}.nb"
    opt.set_optimize_out(str(path.with_suffix("")))  # `opt` appends .nb
    opt.run()
    if not path.is_file():
        raise Refusal(f"opt ended without an error and wrote no {path.name}")
    clear_version_padding(path)
    return path


def _names(model: NbModel, outputs: list[str]) -> dict[str, dict[str, str]]:
    """The program's names -> the file's, which are the same but where an ARM file has FP16: what converts its outputs
    back to FP32 appends to their names there, which whoever runs it knows.
    """
    found = [name.removesuffix(CONVERTED_BACK) for name in model.fetches()]
    if sorted(found) != sorted(outputs):
        raise Refusal(f"opt turned the outputs {outputs} into {model.fetches()}")
    return {"inputs": {feed.name: feed.name for feed in model.feeds()}, "outputs": {name: name for name in found}}


def _announce(stage: str) -> None:
    print(f"stage: {stage}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(convert, tools=("paddlelite",))
