"""The ledger of an ncnn model: the tensors in its .bin, explained by the program.

Inputs: `program`, `param`, `bin`. See `edgeworker.ledger`.
"""

from collections.abc import Iterator
from typing import Any

from edgeworker.ledger.job import ledger_job
from edgeworker.ledger.stored import Stored
from edgeworker.protocol import Refusal, Request, main
from param_file import ParamFile
from weights_file import UnknownLayout, WeightsFile


def stored(request: Request) -> Iterator[Stored]:
    """Every tensor of every layer, as `<layer>.<part>`, flat: ncnn keeps no shapes."""
    network = ParamFile.read(request.inputs["param"])
    try:
        weights = WeightsFile.read(network, request.inputs["bin"])
    except UnknownLayout as unknown:
        raise Refusal(f"{request.inputs['bin'].name} cannot be accounted for: {unknown}") from unknown
    for layer in network.layers:
        for tensor in weights.tensors[layer.name]:
            yield Stored(f"{layer.name}.{tensor.name}", f"{layer.type} {layer.name}", tensor.values)


def job(request: Request) -> dict[str, Any]:
    """`ledger_job` for ncnn."""
    return ledger_job(stored, request)


if __name__ == "__main__":
    main(job, tools=("ncnn",))
