"""The ledger of a TFLite model: the values in its buffers and the numbers of its operators, explained by the program.

Inputs: `program`, `model`; `chosen`, of an INT8 model: what its quantisation chose. See `edgeworker.ledger`.
"""

from collections.abc import Iterator
from typing import Any

from edgeworker.flat_reader import Damaged
from edgeworker.ledger.job import ledger_job
from edgeworker.ledger.stored import Stored, described
from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal
from stored_model import StoredModel

_BIAS_PLACES = {"CONV_2D": 2, "DEPTHWISE_CONV_2D": 2, "FULLY_CONNECTED": 2, "TRANSPOSE_CONV": 3}
"""Which input of an operator is its bias: onnx2tf writes zeros where a layer has none."""


def stored(request: Request) -> Iterator[Stored]:
    """Every tensor with values, the layer being the first operator that reads it, and every operator's numbers."""
    path = request.inputs["model"]
    try:
        model = StoredModel.read(path)
    except Damaged as damage:
        raise Refusal(f"{path.name} is not a TFLite model that can be read: {damage}", kind="input") from damage
    yield from stored_in(model)


def stored_in(model: StoredModel) -> Iterator[Stored]:
    """What `stored` gives, of a model that was read."""
    readers = model.readers()
    for number, tensor in enumerate(model.tensors):
        if tensor.values is not None:
            operator, place = readers.get(number, (None, 0))
            layer = model.title(operator) if operator else "no layer"
            bias = operator is not None and _BIAS_PLACES.get(operator.type) == place
            yield Stored(tensor.name, layer, tensor.values, summand=bias)
    for operator in model.operators:
        result = model.tensors[operator.outputs[0]].name if operator.outputs else operator.type
        for name, value in operator.numbers.items():
            yield described(result, name, [value], model.title(operator))


def job(request: Request) -> dict[str, Any]:
    """`ledger_job` for TFLite."""
    return ledger_job(stored, request)


if __name__ == "__main__":
    main(job, tools=("ai-edge-litert",))
