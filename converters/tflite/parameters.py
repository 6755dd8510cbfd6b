"""The ledger of a TFLite model: the values in its buffers and the numbers of its operators, explained by the program.

Inputs: `program`, `model`; `chosen`, of an INT8 model: what its quantisation chose. See `edgeworker.ledger`.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from edgeworker.ledger.job import ledger_job
from edgeworker.ledger.stored import Quantised, Stored, described
from edgeworker.protocol import Request, main
from stored_model import StoredModel, StoredOperator, StoredTensor, read_stored

_BIAS_PLACES = {"CONV_2D": 2, "DEPTHWISE_CONV_2D": 2, "FULLY_CONNECTED": 2, "TRANSPOSE_CONV": 3}
"""Which input of an operator is its bias: onnx2tf writes zeros where a layer has none."""

_SAME = 1e-6  # a product of two float32 numbers, rounded once


def stored(request: Request) -> Iterator[Stored]:
    """Every tensor with values, the layer being the first operator that reads it, and every operator's numbers."""
    yield from stored_in(read_stored(request.inputs["model"]))


def stored_in(model: StoredModel) -> Iterator[Stored]:
    """What `stored` gives, of a model that was read."""
    readers = model.readers()
    for number, tensor in enumerate(model.tensors):
        operator, place = readers.get(number, (None, 0))
        layer = model.title(operator) if operator else "no layer"
        if tensor.quantisation is not None:
            yield Stored(f"{tensor.name}.scale", layer, tensor.quantisation.scale, chosen=True)
            yield Stored(f"{tensor.name}.zero_point", layer, tensor.quantisation.zero_point, chosen=True)
        if tensor.values is None:
            continue
        bias = operator is not None and _BIAS_PLACES.get(operator.type) == place
        if tensor.quantisation is None:
            yield Stored(tensor.name, layer, tensor.values, summand=bias)
        else:
            yield in_integers(model, tensor, operator, layer, bias)
    for operator in model.operators:
        result = model.tensors[operator.outputs[0]].name if operator.outputs else operator.type
        for name, value in operator.numbers.items():
            yield described(result, name, [value], model.title(operator))


def in_integers(
    model: StoredModel, tensor: StoredTensor, operator: StoredOperator | None, layer: str, bias: bool
) -> Stored:
    """Weights, or a bias in steps of the input's scale times the weights'."""
    assert tensor.values is not None  # the caller has looked
    assert tensor.quantisation is not None
    found = tensor.quantisation
    fault = "its zero point is not zero, and it is symmetric" if found.zero_point.any() else ""
    inputs = operator.inputs[:2] if operator is not None and bias else []
    value, weight = [model.tensors[number].quantisation for number in inputs] or (None, None)
    if value is not None and weight is not None:
        product = value.scale.astype(np.float64) * weight.scale.astype(np.float64)
        if product.shape != found.scale.shape or (np.abs(product - found.scale) > _SAME * product).any():
            fault = "its scale is not that of the input times that of the weight"
        elif not fault and not tensor.values.any():
            # Zeros in any steps.
            return Stored(tensor.name, layer, np.zeros(tensor.shape, np.float32), summand=True)
    quantised = Quantised(found.scale, found.zero_point, found.axis)
    return Stored(tensor.name, layer, tensor.values, quantised=quantised, fault=fault)


def job(request: Request) -> dict[str, Any]:
    """`ledger_job` for TFLite."""
    return ledger_job(stored, request)


if __name__ == "__main__":
    main(job, tools=("ai-edge-litert",))
