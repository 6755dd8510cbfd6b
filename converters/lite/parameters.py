"""The ledger of a Paddle Lite model, for ARM or x86: its parameters and attributes, explained by the program.

Inputs: `program`, `model` (a .nb file). See `edgeworker.ledger`.
"""

from collections.abc import Iterator
from typing import Any

from edgeworker.ledger.job import ledger_job
from edgeworker.ledger.stored import Stored, described
from edgeworker.protocol import Request, main
from integers import SCALE, quantised_in
from nb_format import read_nb


def stored(request: Request) -> Iterator[Stored]:
    """Every parameter, the layer being the first operator that reads it, and every operator's numbers."""
    model = read_nb(request.inputs["model"])
    readers: dict[str, str] = {}
    integers = quantised_in(model)
    for operator in model.operators:
        result = next((name for names in operator.outputs.values() for name in names), "")
        for name, value in operator.attributes.items():
            found = value if isinstance(value, list) else [value]
            if name.removesuffix(SCALE) in integers:
                continue  # looked at with the integers
            if any(isinstance(number, float) for number in found):
                yield described(result, name, found, f"{operator.type} {result}")
        for names in operator.inputs.values():
            for name in names:
                readers.setdefault(name, f"{operator.type} {result}")
    for parameter in model.parameters.values():
        layer = readers.get(parameter.name, "no layer")
        yield Stored(parameter.name, layer, parameter.values, quantised=integers.get(parameter.name))


def job(request: Request) -> dict[str, Any]:
    """`ledger_job` for Paddle Lite."""
    return ledger_job(stored, request)


if __name__ == "__main__":
    main(job, tools=("paddlelite",))
