"""The ledger of an ncnn model: the tensors in its .bin and the numbers in its .param, explained by the program.

Inputs: `program`, `param`, `bin`. See `edgeworker.ledger`.
"""

from collections.abc import Iterator
from typing import Any

from edgeworker.ledger.job import ledger_job
from edgeworker.ledger.stored import Stored, described
from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal
from param_file import ParamFile
from param_numbers import numbers
from weights_file import UnknownLayout, WeightsFile


def stored(request: Request) -> Iterator[Stored]:
    """Every tensor of every layer, as `<layer>.<part>`, flat: ncnn keeps no shapes; then the numbers beside it."""
    network = ParamFile.read(request.inputs["param"])
    try:
        weights = WeightsFile.read(network, request.inputs["bin"])
    except UnknownLayout as unknown:
        raise Refusal(f"{request.inputs['bin'].name} cannot be accounted for: {unknown}") from unknown
    for layer in network.layers:
        for tensor in weights.tensors[layer.name]:
            yield Stored(f"{layer.name}.{tensor.name}", f"{layer.type} {layer.name}", tensor.values)
        for name, values in numbers(layer):
            yield described(layer.name, name, values, f"{layer.type} {layer.name}")


def job(request: Request) -> dict[str, Any]:
    """`ledger_job` for ncnn."""
    return ledger_job(stored, request)


if __name__ == "__main__":
    main(job, tools=("ncnn",))
