"""Is a Paddle Lite model for ARM the twin of the x86 one? What can be said of it without a device.

Inputs: `arm`, `x86` (`.nb` files of one program). The x86 file can be run here and judged against the
reference; this worker carries that judgement over to the ARM file, up to its kernels' arithmetic, by three
comparisons:

- both take the same inputs and give the same outputs;
- both compute the same expression, operator by operator, up to what `opt` does differently for each target
  (the rules stand in `dataflow`), and ask for kernels of their own target or of every host;
- both hold the same parameters: names, shapes, element types and every value, bit for bit; where those for ARM are
  integers, times their scales they are the others: to within half a step with weights alone in integers, and whole in
  INT8, where the x86 file has them rounded.

Arithmetic differs where kernels do: on ARM, Paddle Lite divides by an estimate of the reciprocal. The summary says how
many operators of the file do (`arm_arithmetic`), and how many have an exact form there instead, which counts as the
same expression here.

It does not run anything. The file is not called inspect.py: the standard library's `inspect` would be
hidden.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from arm_arithmetic import inexact_kinds
from dataflow import Dataflow, trace
from edgeworker.flat_reader import Damaged
from edgeworker.ledger.match import ROUNDED
from edgeworker.ledger.stored import Quantised
from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal
from eight_bits import Roundings
from integers import quantised_in
from nb_format import NbModel, Parameter, read_nb
from offline import with_offline_results

SAME = 0.01
"""Of half a step: FP32's rounding of 127 times a step is less."""
_SHOWN = 5  # differences of one kind that are spelt out


def compare(request: Request) -> dict[str, Any]:
    """Returns `arm`, `x86`, `differences` (sentences), `agrees` (there are none) and `summary` (a sentence).

    Of each file: `opt_version`; `ops`, types in order; `kernels`, "target precision" -> operators;
    `parameters`, how many; `bytes`, of all parameters' values; `file_bytes`.
    Raises Refusal for a damaged file.
    """
    arm, x86 = read_nb(request.inputs["arm"]), read_nb(request.inputs["x86"])
    same = [with_offline_results(model) for model in (arm, x86)]
    constants = Roundings(same[1]).constants
    differences = [
        *_kernels(arm, "arm", {"ARM", "Host"}),
        *_kernels(x86, "x86", {"X86", "Host"}),
        *_interfaces(arm, x86),
        *_computations(_trace(same[0], request.inputs["arm"]), _trace(same[1], request.inputs["x86"])),
        *_parameters(same[0].parameters, _without(constants, same[1].parameters), quantised_in(arm), bool(constants)),
    ]
    return {
        "arm": _summary(request.inputs["arm"], arm),
        "x86": _summary(request.inputs["x86"], x86),
        "differences": differences,
        "agrees": not differences,
        "summary": "; ".join(differences)
        or f"it has the x86 file's operators{_rounding(arm, x86)} and the same {len(arm.parameters)} parameters",
    }


def _rounding(arm: NbModel, x86: NbModel) -> str:
    """What is known of operators that are less exact on ARM than on x86, and of those that were replaced for that."""
    left, replaced = inexact_kinds(arm), inexact_kinds(x86) - inexact_kinds(arm)
    said = []
    if replaced:
        said.append(f"{_counted(replaced)} {'has' if replaced.total() == 1 else 'have'} an exact form for ARM")
    if left:
        said.append(f"{_counted(left)} {'divides' if left.total() == 1 else 'divide'} less exactly on ARM")
    return f", of which {', and '.join(said)}," if said else ""


def _counted(kinds: Counter[str]) -> str:
    return f"{kinds.total()} ({', '.join(sorted(kinds))})"


def _summary(path: Path, model: NbModel) -> dict[str, Any]:
    kernels = Counter(f"{op.kernel.target} {op.kernel.precision}" for op in model.operators if op.kernel)
    return {
        "opt_version": model.opt_version,
        "ops": [operator.type for operator in model.operators],
        "kernels": dict(kernels),
        "parameters": len(model.parameters),
        "bytes": sum(parameter.values.nbytes for parameter in model.parameters.values()),
        "file_bytes": path.stat().st_size,
    }


def _trace(model: NbModel, path: Path) -> Dataflow:
    try:
        return trace(model)
    except Damaged as damage:
        raise Refusal(f"the graph in {path} is damaged: {damage}", "Convert the model again", "input") from damage


def _kernels(model: NbModel, name: str, allowed: set[str]) -> list[str]:
    foreign = sorted(model.targets() - allowed)
    return [f"the {name} file asks for kernels of {', '.join(foreign)}"] if foreign else []


def _interfaces(arm: NbModel, x86: NbModel) -> list[str]:
    mine, theirs = ({feed.name: [*feed.dims, feed.dtype] for feed in model.feeds()} for model in (arm, x86))
    return [] if mine == theirs else [f"the inputs are {mine} for arm and {theirs} for x86"]


def _computations(arm: Dataflow, x86: Dataflow) -> list[str]:
    if sorted(arm.outputs) != sorted(x86.outputs):
        return [f"the outputs are {sorted(arm.outputs)} for arm and {sorted(x86.outputs)} for x86"]
    parted = [name for name, value in arm.outputs.items() if x86.outputs[name] != value]
    if not parted:
        return []
    found = [f"the files compute {', '.join(parted)} differently"]
    for name, mine, theirs in (("arm", arm, x86), ("x86", x86, arm)):
        first = next((step.place for step in mine.steps if step.fingerprint not in theirs.known), None)
        if first:
            found.append(f"the first that only {name} computes is {first}")
    return found


def _without(names: Collection[str], parameters: Mapping[str, Parameter]) -> dict[str, Parameter]:
    return {name: value for name, value in parameters.items() if name not in names}


def _parameters(
    arm: dict[str, Parameter], x86: dict[str, Parameter], integers: Mapping[str, Quantised], both_rounded: bool
) -> list[str]:
    found = [f"parameter {name} is only in the arm file" for name in sorted(arm.keys() - x86.keys())]
    found += [f"parameter {name} is only in the x86 file" for name in sorted(x86.keys() - arm.keys())]
    for name in sorted(arm.keys() & x86.keys()):
        if name in integers:
            found += _rounded(name, arm[name].values, x86[name].values, integers[name], both_rounded)
        else:
            found += _values(name, arm[name].values, x86[name].values)
    if len(found) > _SHOWN:
        found[_SHOWN:] = [f"and {len(found) - _SHOWN} more differences in parameters"]
    return found


def _rounded(name: str, arm: np.ndarray, x86: np.ndarray, read: Quantised, both: bool) -> list[str]:
    """Whether integers times their scales are the other file's values: to within half a step, where not both are."""
    if arm.shape != x86.shape or x86.dtype.kind != "f":
        return _values(name, arm, x86)
    if wrong := read.fault(arm):
        return [f"parameter {name}: {wrong}"]
    with np.errstate(all="ignore"):
        allowed = read.half_step(arm) * (SAME if both else ROUNDED)
        apart = ~(np.abs(read.values(arm) - x86) <= allowed)
    if apart.any():
        more = "" if both else " by more than half a step"
        return [f"parameter {name} differs in {apart.sum()} of {arm.size} values{more}"]
    wrong = read.scale_fault(x86.astype(np.float64), np.zeros(x86.shape))
    return [f"parameter {name}: {wrong}"] if wrong else []


def _values(name: str, arm: np.ndarray, x86: np.ndarray) -> list[str]:
    if arm.shape != x86.shape or arm.dtype != x86.dtype:
        mine, theirs = (f"{values.dtype} {list(values.shape)}" for values in (arm, x86))
        return [f"parameter {name} is {mine} for arm, {theirs} for x86"]
    if arm.tobytes() == x86.tobytes():  # bits: a NaN equals itself here, 0.0 and -0.0 differ
        return []
    different = np.frombuffer(arm.tobytes(), f"V{arm.itemsize}") != np.frombuffer(x86.tobytes(), f"V{x86.itemsize}")
    with np.errstate(all="ignore"):
        gap = np.abs(arm.astype(np.float64) - x86.astype(np.float64)).max()
    return [f"parameter {name} differs in {different.sum()} of {arm.size} values, by up to {gap:.3g}"]


if __name__ == "__main__":
    main(compare, tools=("paddlelite",))
