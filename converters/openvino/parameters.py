"""The ledger of OpenVINO IR: its constants and attributes, explained by the program.

Inputs: `program`, `model` (the .xml), `weights` (the .bin); `chosen`, of INT8: what its quantisation chose. See
`edgeworker.ledger`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from edgeworker.ledger.account import BEFORE
from edgeworker.ledger.divided import Divided, along
from edgeworker.ledger.job import CHOSEN_FILE, ledger_job
from edgeworker.ledger.stored import Integers, Quantised, Stored, described
from edgeworker.protocol import Request, main
from ir_file import constants, numbers, quantisations
from safetensors import safe_open
from smoothing import smoothings

RANGE = "FakeQuantize "


def stored(request: Request) -> Iterator[Stored]:
    """Every constant, by its layer's name, and every layer's numbers."""
    recorded = recorded_names(request.inputs.get("chosen"))
    corrected = {name.removesuffix(BEFORE) for name in recorded if name.endswith(BEFORE)}
    found = {one.name: one for one in constants(request.inputs["model"], request.inputs["weights"])}
    integers = quantisations(request.inputs["model"])
    smoothed = smoothings(request.inputs["model"], recorded - corrected)
    chosen = {name for pair in integers.values() for name in pair if name} | corrected
    chosen |= {factor for factor, _ in smoothed.values()}
    for one in found.values():
        if one.name in integers:
            scale, zero = (found[name].values if name else np.zeros(1) for name in integers[one.name])
            quantised: Integers = (plain := Quantised(np.atleast_1d(scale), np.atleast_1d(zero)))
            if one.name in smoothed:
                factor, axis = smoothed[one.name]
                quantised = Divided(plain, along(np.atleast_1d(found[factor].values).ravel(), one.values.ndim, axis))
            yield Stored(one.name, one.reader, one.values, quantised=quantised)
        elif one.name in chosen or one.reader.startswith(RANGE):
            yield Stored(one.name, one.reader, np.atleast_1d(one.values), chosen=True)
        else:
            yield Stored(one.name, one.reader, one.values)
    for one in numbers(request.inputs["model"]):
        yield described(one.layer, one.attribute, one.values, f"{one.type} {one.layer}")


def recorded_names(quantisation: Path | None) -> set[str]:
    """The names in the record of a quantisation: of constants, and of what some of them were before."""
    if quantisation is None:
        return set()
    with safe_open(quantisation / CHOSEN_FILE, framework="numpy") as record:
        return set(record.keys())


def job(request: Request) -> dict[str, Any]:
    """`ledger_job` for OpenVINO."""
    return ledger_job(stored, request)


if __name__ == "__main__":
    main(job, tools=("openvino",))
