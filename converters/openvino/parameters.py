"""The ledger of OpenVINO IR: its constants and attributes, explained by the program.

Inputs: `program`, `model` (the .xml), `weights` (the .bin). See `edgeworker.ledger`.
"""

from collections.abc import Iterator
from typing import Any

from edgeworker.ledger.job import ledger_job
from edgeworker.ledger.stored import Stored, described
from edgeworker.protocol import Request, main
from ir_file import constants, numbers


def stored(request: Request) -> Iterator[Stored]:
    """Every constant, by its layer's name, and every layer's numbers."""
    for one in constants(request.inputs["model"], request.inputs["weights"]):
        yield Stored(one.name, one.reader, one.values)
    for one in numbers(request.inputs["model"]):
        yield described(one.layer, one.attribute, one.values, f"{one.type} {one.layer}")


def job(request: Request) -> dict[str, Any]:
    """`ledger_job` for OpenVINO."""
    return ledger_job(stored, request)


if __name__ == "__main__":
    main(job, tools=("openvino",))
