"""INT8 of an ncnn network: ranges from ncnn's own runtime on photos, and a file as ncnn reads it.

Inputs: `model.ncnn.param`, `model.ncnn.bin`, `calibration` (prepared photos). Options: `method` (`minmax`, `most`,
`percentile`, `kl`, `aciq`; `auto`, the default, keeps the one whose outputs are nearest to FP32's on photos that were
held out); `keep_float` (names of layers that stay in FP32); `six_bits` (weights of 3 x 3 convolutions in 6 bits).

Beside the files it leaves `quantisation.safetensors`: every factor, by its layer.
"""

from typing import Any

from edgeworker.calibration import Samples, best_of, median_error, trial_of
from edgeworker.keep_float import kept_in_float, told
from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal
from int8_file import LARGEST, is_product, quantisable, write_int8
from int8_network import Network
from int8_ranges import METHODS, Histogram
from param_file import ParamFile
from safetensors.numpy import save_file


def quantize(request: Request) -> dict[str, Any]:
    """Write the files and `quantisation.safetensors`; returns the method, and each one's error on held-out photos."""
    param, binary = request.inputs["model.ncnn.param"], request.inputs["model.ncnn.bin"]
    samples = Samples(request.inputs["calibration"])
    trial = trial_of(request.options, METHODS, samples, batch=1)
    network = ParamFile.read(param)
    keep = kept_in_float(request.options, [layer.name for layer in network.layers])
    chosen = [layer for layer in quantisable(network) if layer.name not in keep]
    layers = {layer.name: layer.inputs[0] for layer in chosen if not is_product(layer)}
    products: dict[str, float | None] = {layer.name: None for layer in chosen if is_product(layer)}
    if not chosen:
        raise Refusal("no layer of the network can be in int8", "Convert it in FP32 or FP16")
    ranges = histograms(Network(param, binary), samples, trial.looked_at, sorted(set(layers.values())))
    errors: dict[str, float] = {}
    names = network.outputs()
    truth = Network(param, binary).outputs(samples.batches(1, trial.held_out), names)
    for method in trial.methods:
        scales = products | {name: factor(ranges[blob].threshold(method)) for name, blob in layers.items()}
        folder = request.output / method
        folder.mkdir()
        files = folder / "model.ncnn.param", folder / "model.ncnn.bin"
        factors = write_int8(param, binary, scales, files, six_bits=bool(request.options.get("six_bits", False)))
        save_file(factors, folder / "quantisation.safetensors")
        if truth:
            errors[method] = median_error(Network(*files).outputs(samples.batches(1, trial.held_out), names), truth)
    best = best_of(trial.methods, errors)
    for method in trial.methods:
        for file in (request.output / method).iterdir():
            file.unlink() if method != best else file.rename(request.output / file.name)
        (request.output / method).rmdir()
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


def factor(threshold: float) -> float:
    """By what an input is multiplied; of one that is always zero it does not matter."""
    return LARGEST / threshold if threshold > 0 else 1.0


if __name__ == "__main__":
    main(quantize, tools=("ncnn",))
