"""The ledger of an ncnn model: the tensors in its .bin and the numbers in its .param, explained by the program.

Inputs: `program`, `param`, `bin`; `chosen`, of INT8: what its quantisation chose. See `edgeworker.ledger`.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from edgeworker.ledger.divided import Divided
from edgeworker.ledger.job import ledger_job, recorded
from edgeworker.ledger.stored import Quantised, Stored, described
from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal
from equalise import by_channel, equalisations, factors_in
from int8_file import for_each_value
from param_file import Layer, ParamFile
from param_numbers import numbers
from weights_file import INPUT_SCALE, WEIGHT_SCALES, Unfit, UnknownLayout, WeightsFile


def stored(request: Request) -> Iterator[Stored]:
    """Every tensor of every layer, as `<layer>.<part>`, flat: ncnn keeps no shapes; then the numbers beside it."""
    network = ParamFile.read(request.inputs["param"])
    try:
        weights = WeightsFile.read(network, request.inputs["bin"])
    except UnknownLayout as unknown:
        kind = "input" if isinstance(unknown, Unfit) else "conversion"
        raise Refusal(f"{request.inputs['bin'].name} cannot be accounted for: {unknown}", kind=kind) from unknown
    quantisation = request.inputs.get("chosen")
    equalised = equalisations(network, factors_in(recorded(quantisation))) if quantisation else {}
    for layer in network.layers:
        tensors = {tensor.name: tensor.values for tensor in weights.tensors[layer.name]}
        for name, values in tensors.items():
            factor = equalised.get(f"{layer.name}.{name}")
            yield stored_tensor(layer, name, values, tensors.get(WEIGHT_SCALES), factor)
        for name, values in numbers(layer):
            yield described(layer.name, name, values, f"{layer.type} {layer.name}")


def stored_tensor(
    layer: Layer, name: str, values: np.ndarray, scales: np.ndarray | None, factor: np.ndarray | None = None
) -> Stored:
    """A tensor as the ledger takes it; `scales` are what a layer in int8 has multiplied its weights by, [channels], and
    `factor` what its values were multiplied by before (`equalise.py`).
    """
    title, layer_title = f"{layer.name}.{name}", f"{layer.type} {layer.name}"
    if name in (WEIGHT_SCALES, INPUT_SCALE):
        return Stored(title, layer_title, values, chosen=True)
    if factor is not None and values.dtype != np.int8:
        # Powers of two: what is left is what was there before, to the bit.
        shaped = by_channel(layer, values) if name == "weight" else values
        return Stored(title, layer_title, (shaped / factor).astype(np.float32))
    if values.dtype != np.int8:
        return Stored(title, layer_title, values)
    rows = int(layer.parameters["8"]) if layer.type == "Gemm" else 0 if scales is None else len(scales)
    if scales is None or not rows or values.size % rows:
        return Stored(title, layer_title, values, fault="it is in 8 bits, and has no scales that fit")
    if not (scales > 0).all():
        return Stored(title, layer_title, values, fault="its scale is not a positive number")
    if factor is not None:
        cube = by_channel(layer, values)
        plain = Quantised(1 / scales.astype(np.float64), np.zeros(1))
        return Stored(title, layer_title, cube, quantised=Divided(plain, 1 / factor))
    matrix = values.reshape(rows, -1)
    if layer.type == "Gemm":
        scales = for_each_value(scales.reshape(rows, -1), matrix.shape[1])
    return Stored(title, layer_title, matrix, quantised=Quantised(1 / scales.astype(np.float64), np.zeros(1)))


def job(request: Request) -> dict[str, Any]:
    """`ledger_job` for ncnn."""
    return ledger_job(stored, request)


if __name__ == "__main__":
    main(job, tools=("ncnn",))
