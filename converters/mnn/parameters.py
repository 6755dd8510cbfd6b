"""The ledger of a `.mnn` model: the tensors and the numbers that its operators store, explained by the program.

Inputs: `program`, `model`. See `edgeworker.ledger`.
"""

from collections.abc import Iterator
from typing import Any

from edgeworker.flat_reader import Damaged
from edgeworker.ledger.job import ledger_job
from edgeworker.ledger.ranged import Ranged
from edgeworker.ledger.stored import Stored, described
from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal
from mnn_file import EightBits, MnnFile


def stored(request: Request) -> Iterator[Stored]:
    """Every tensor of every operator, as `<operator>.<field>`, in the shape that the file gives, if it gives one."""
    path = request.inputs["model"]
    for operator in MnnFile.read(path).operators:
        try:
            tensors = operator.tensors()
        except Damaged as damaged:
            raise Refusal(f"{path.name} cannot be accounted for: {damaged}", kind="input") from damaged
        for name, values in tensors.items():
            title = f"{operator.name}.{name}"
            if isinstance(values, EightBits):
                ranged = Ranged(values.scale, values.lowest)
                yield Stored(title, operator.title, values.integers, quantised=ranged)
            elif values.size:
                # A convolution without a bias gets zeros. Where they have taken a bias's place, that one is missed.
                yield Stored(title, operator.title, values, summand=name == "bias")
        for name, numbers in operator.numbers().items():
            yield described(operator.name, name, numbers, operator.title)


def job(request: Request) -> dict[str, Any]:
    """`ledger_job` for MNN."""
    return ledger_job(stored, request)


if __name__ == "__main__":
    main(job, tools=("mnn",))
