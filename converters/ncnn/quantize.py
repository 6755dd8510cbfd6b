"""INT8 of an ncnn network: ranges from ncnn's own runtime on photos, and a file as ncnn reads it.

Inputs: `model.ncnn.param`, `model.ncnn.bin`, `calibration` (prepared photos). Options: `method` (`minmax`, `most`,
`percentile`, `kl`, `aciq`; `auto`, the default, keeps the one whose outputs are nearest to FP32's on photos that were
held out); `equalise` (whether channels are made alike before, `equalise.py`: true, false, or `auto`, the default, where
that is nearer still); `keep_float` (names of layers that stay in FP32); `six_bits` (weights of 3 x 3 convolutions in 6
bits).

Beside the files it leaves `quantisation.safetensors`: every factor, by its layer.
"""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from edgeworker.calibration import AUTO, Samples, besides, best_of, median_error, trial_of
from edgeworker.keep_float import kept_in_float, told
from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal
from equalise import FACTORS, factors_of, pairs, write_equalised
from int8_file import LARGEST, is_product, quantisable, write_int8
from int8_network import Network
from int8_ranges import METHODS, Histogram
from param_file import Layer, ParamFile
from safetensors.numpy import save_file
from weights_file import WeightsFile

PARAM, BIN, RECORD = "model.ncnn.param", "model.ncnn.bin", "quantisation.safetensors"
EQUALISED = ", equalised"
"""Behind the name of a method."""
Ranges = Mapping[str, Histogram]
"""Of blobs, by their names."""


def quantize(request: Request) -> dict[str, Any]:
    """Write the files and `quantisation.safetensors`; returns the method, and each one's error on held-out photos."""
    param, binary = request.inputs[PARAM], request.inputs[BIN]
    samples = Samples(request.inputs["calibration"])
    trial = trial_of(request.options, METHODS, samples, batch=1)
    equalise = besides(request.options, "equalise")
    six_bits = bool(request.options.get("six_bits", False))
    network = ParamFile.read(param)
    keep = kept_in_float(request.options, [layer.name for layer in network.layers])
    chosen = [layer for layer in quantisable(network) if layer.name not in keep]
    if not chosen:
        raise Refusal("no layer of the network can be in int8", "Convert it in FP32 or FP16")
    blobs = sorted({layer.inputs[0] for layer in chosen if not is_product(layer)})
    errors: dict[str, float] = {}

    def outputs(binary: Path, param: Path = param) -> list[np.ndarray]:
        return Network(param, binary).outputs(samples.batches(1, trial.held_out), network.outputs())

    truth = outputs(binary) if trial.held_out else []

    def attempt(name: str, binary: Path, ranges: Ranges, factors: Mapping[str, np.ndarray]) -> None:
        """Write INT8's files of the FP32 ones by a method into a folder of its name, and measure them."""
        folder = request.output / name
        folder.mkdir()
        scales = input_scales(chosen, ranges, name.removesuffix(EQUALISED))
        record = write_int8(param, binary, scales, (folder / PARAM, folder / BIN), six_bits=six_bits)
        save_file(record | {f"{first}.{FACTORS}": factor for first, factor in factors.items()}, folder / RECORD)
        if truth:
            errors[name] = median_error(outputs(folder / BIN, folder / PARAM), truth)

    ranges = histograms(Network(param, binary), samples, trial.looked_at, blobs)
    for method in trial.methods:
        attempt(method, binary, ranges, {})
    best = best_of(trial.methods, errors)
    if equalise and (truth or equalise != AUTO) and (factors := channel_factors(param, binary, chosen, ranges)):
        name, alike = best + EQUALISED, request.output / "alike.bin"
        write_equalised(param, binary, factors, alike)
        attempt(name, alike, histograms(Network(param, alike), samples, trial.looked_at, blobs), factors)
        best = name if equalise != AUTO else best_of([best, name], errors)
        alike.unlink()
    keep_one(request.output, best)
    return {"build": {"calibration_method": best, **told(keep)}, "errors": errors, "layers": len(chosen)}


def histograms(network: Network, samples: Samples, places: list[int], blobs: list[str]) -> dict[str, Histogram]:
    """The magnitudes of blobs over the samples at `places`: once for the largest, once to count."""
    found = {blob: Histogram() for blob in blobs}
    for sample in samples.batches(1, places):
        for name, values in network.blobs(sample[0], blobs):
            found[name].widen(values)
    for sample in samples.batches(1, places):
        for name, values in network.blobs(sample[0], blobs):
            found[name].count(values)
    return found


def input_scales(chosen: Iterable[Layer], ranges: Ranges, method: str) -> dict[str, float | None]:
    """By what the inputs of `chosen` layers are multiplied; those of products, None, are found as they are computed."""
    return {
        layer.name: None if is_product(layer) else factor(ranges[layer.inputs[0]].threshold(method)) for layer in chosen
    }


def factor(threshold: float) -> float:
    """By what an input is multiplied; of one that is always zero it does not matter."""
    return LARGEST / threshold if threshold > 0 else 1.0


def channel_factors(param: Path, binary: Path, chosen: Collection[Layer], ranges: Ranges) -> dict[str, np.ndarray]:
    """What channels are divided by before INT8, by the first layer of each pair; none where all are alike already."""
    network = ParamFile.read(param)
    stored = WeightsFile.read(network, binary)
    found = {}
    for pair in pairs(network):
        if pair.second not in chosen:
            continue
        weights = next(tensor.values for tensor in stored.tensors[pair.second.name] if tensor.name == "weight")
        found[pair.first.name] = factors_of(pair, weights, ranges[pair.second.inputs[0]].of_channels())
    return {name: factors for name, factors in found.items() if (factors != 1).any()}


def keep_one(output: Path, chosen: str) -> None:
    """Leave the files of one folder of `output`, without the folder, and none of the others."""
    for folder in [one for one in output.iterdir() if one.is_dir()]:
        for file in folder.iterdir():
            if folder.name == chosen:
                file.rename(output / file.name)
            else:
                file.unlink()
        folder.rmdir()


if __name__ == "__main__":
    main(quantize, tools=("ncnn",))
