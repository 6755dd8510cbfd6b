"""The ledger of a Paddle Lite model, for ARM or x86: its parameters and attributes, explained by the program.

Inputs: `program`, `model` (a .nb file); `chosen`, of INT8: what its quantisation chose. See `edgeworker.ledger`.
"""

from collections.abc import Iterator
from typing import Any

from edgeworker.ledger.job import ledger_job
from edgeworker.ledger.stored import Stored, described
from edgeworker.protocol import Request, main
from eight_bits import NOT_MEANT as STEPS
from eight_bits import Roundings, in_eight_bits, made_step
from integers import SCALE, quantised_in
from nb_format import Operator, read_nb
from steps import rounded_weights, stored_steps


def stored(request: Request) -> Iterator[Stored]:
    """Every parameter, the layer being the first operator that reads it, and every operator's numbers."""
    model = read_nb(request.inputs["model"])
    readers: dict[str, str] = {}
    integers = quantised_in(model)
    roundings = Roundings(model)
    yield from stored_steps(model, roundings)
    for number, operator in enumerate(model.operators):
        result = result_of(operator)
        if number not in roundings.inner:
            for name, value in numbers(operator):
                if name.removesuffix(SCALE) not in integers:  # else looked at with the integers
                    yield described(result, name, value, f"{operator.type} {result}")
        for names in operator.inputs.values():
            for name in names:
                readers.setdefault(name, f"{operator.type} {result}")
    rounded = rounded_weights(model, roundings)
    for parameter in model.parameters.values():
        layer = readers.get(parameter.name, "no layer")
        if parameter.name in rounded:
            yield rounded[parameter.name].as_stored(layer)
        elif parameter.name not in roundings.constants:
            yield Stored(parameter.name, layer, parameter.values, quantised=integers.get(parameter.name))


def numbers(operator: Operator) -> Iterator[tuple[str, list[Any]]]:
    """The attributes of an operator that hold numbers with a fraction, without its steps, which are accounted for."""
    skipped = STEPS if in_eight_bits(operator) else {"scale"} if made_step(operator) is not None else set()
    for name, value in operator.attributes.items():
        found = value if isinstance(value, list) else [value]
        if name not in skipped and any(isinstance(number, float) for number in found):
            yield name, found


def result_of(operator: Operator) -> str:
    """The first variable that it writes."""
    return next((name for names in operator.outputs.values() for name in names), "")


def job(request: Request) -> dict[str, Any]:
    """`ledger_job` for Paddle Lite."""
    return ledger_job(stored, request)


if __name__ == "__main__":
    main(job, tools=("paddlelite",))
