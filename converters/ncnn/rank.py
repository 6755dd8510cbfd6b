"""What the quantisation of each layer of an ncnn network costs (`edgeworker.ranking`).

Inputs: `model.ncnn.param`, `model.ncnn.bin` in FP32, `quantised/quantisation.safetensors` (the factors that were chosen
for their layers), `calibration` (prepared photos). Options: `photos`, how many of them are looked at, and `six_bits`
as for the quantisation. Returns `layers`, the costliest first (`name`, `type`, `snr_db`), and `all_db`, with all of
them in 8 bits.

A file is written for each layer, with that one in 8 bits, and run in ncnn.
"""

from typing import Any

import numpy as np
from edgeworker.calibration import Samples
from edgeworker.protocol import Request, main
from edgeworker.ranking import PHOTOS, ranked, ranking_photos, signal_to_noise
from equalise import factors_in, write_equalised
from int8_file import write_int8
from int8_network import Network
from param_file import ParamFile
from safetensors.numpy import load_file
from weights_file import INPUT_SCALE, WEIGHT_SCALES

ALIKE = "alike.bin"
"""The network in FP32 whose channels were made alike before it was quantised (`equalise.py`)."""


def rank(request: Request) -> dict[str, Any]:
    """Measure every layer's cost."""
    param, binary = request.inputs["model.ncnn.param"], request.inputs["model.ncnn.bin"]
    chosen = load_file(request.inputs["quantised/quantisation.safetensors"])
    names = [name.removesuffix(f".{WEIGHT_SCALES}") for name in chosen if name.endswith(f".{WEIGHT_SCALES}")]
    # A product finds the factors of its input as it computes.
    inputs = {name: chosen.get(f"{name}.{INPUT_SCALE}") for name in names}
    scales = {name: None if value is None else float(value[0]) for name, value in inputs.items()}
    if factors := factors_in(chosen):
        write_equalised(param, binary, factors, alike := request.output / ALIKE)
        binary = alike
    network = ParamFile.read(param)
    types = {layer.name: layer.type for layer in network.layers if layer.name in scales}
    photos = ranking_photos(Samples(request.inputs["calibration"]), int(request.options.get("photos", PHOTOS)))
    files = request.output / "one.param", request.output / "one.bin"
    outputs = network.outputs()

    def with_int8(layers: dict[str, float | None]) -> list[np.ndarray]:
        write_int8(param, binary, layers, files, six_bits=bool(request.options.get("six_bits", False)))
        return Network(*files).outputs(photos, outputs)

    truth = Network(param, binary).outputs(photos, outputs)
    costs = {name: signal_to_noise(with_int8({name: scales[name]}), truth) for name in types}
    everything = signal_to_noise(with_int8(scales), truth)
    for file in (*files, request.output / ALIKE):
        file.unlink(missing_ok=True)
    return {"layers": ranked(costs, types), "all_db": round(everything, 2)}


if __name__ == "__main__":
    main(rank, tools=("ncnn",))
