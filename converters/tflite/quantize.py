"""INT8 of `model.tflite`: ranges from LiteRT on photos, and a file as LiteRT reads it.

Inputs: `model.tflite`, `calibration` (prepared photos). Options: `batch`; `keep_float` (layers that stay in FP32, by
the names of what they make); `method` (`minmax`, `most`, `nine_tenths`; `auto`, the default, keeps the one whose
outputs are nearest to FP32's on photos that were held out).

Weights are symmetric and per channel, activations asymmetric; `activation_ranges` has the methods. Inputs and outputs
stay in FP32. Beside the model it leaves `quantisation.safetensors`: every scale and zero point, by the tensor's name.
"""

from collections import Counter
from typing import Any

import numpy as np
from activation_ranges import METHODS, PhotoRanges
from connected import connect
from edgeworker.calibration import Samples, batch_of, best_of, median_error, trial_of
from edgeworker.keep_float import kept_in_float, told
from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal
from int8_choice import KERNELS, Choice
from int8_graph import SIGMOID, Int8Graph, Steps
from model_file import copied, read_model, write_model
from run import load_model, outputs_of
from safetensors.numpy import save_file


def quantize(request: Request) -> dict[str, Any]:
    """Write `model.tflite` and `quantisation.safetensors`; returns how many operators of each type are in INT8, the
    method, and each one's error on held-out photos.
    """
    source, batch = request.inputs["model.tflite"], batch_of(request.options)
    model = read_model(source)
    samples = Samples(request.inputs["calibration"])
    trial = trial_of(request.options, METHODS, samples, batch)
    connect(model)
    known = Choice(model, ())
    keep = kept_in_float(request.options, [known.layer(at) for at in range(len(known.kinds))])
    choice = Choice(model, keep)
    if not any(choice.kinds[at] in KERNELS for at in choice.operators):
        raise Refusal("no layer of the network can be in int8", "Convert it in FP32 or FP16")
    threads = int(request.options.get("threads", 2))
    interpreter = load_model(source, threads, xnnpack=False, keep_all=True)
    ranges = PhotoRanges(interpreter, samples.name, samples.batches(batch, trial.looked_at), sorted(choice.tensors))
    methods, path = ranges.different(trial.methods), request.output / "model.tflite"

    def write(method: str) -> Int8Graph:
        changed = copied(model)
        own = Choice(changed, keep)
        graph = Int8Graph(changed, own, steps_of(own, ranges.of(method)))
        graph.write()
        write_model(changed, path)
        return graph

    def outputs() -> list[np.ndarray]:
        calls = samples.batches(batch, trial.held_out)
        return outputs_of(load_model(path, threads), samples.name, calls)

    errors: dict[str, float] = {}
    if len(methods) > 1:
        truth = outputs_of(load_model(source, threads), samples.name, samples.batches(batch, trial.held_out))
        for method in methods:
            write(method)
            errors[method] = median_error(outputs(), truth)
    best = best_of(methods, errors)
    save_file(write(best).chosen, request.output / "quantisation.safetensors")
    load_model(path, 1)
    return {
        "quantised": dict(Counter(choice.kinds[at] for at in choice.operators)),
        "calibrated_on": len(samples),
        "errors": errors,
        "build": {"calibration_method": best, **told(keep)},
    }


def steps_of(choice: Choice, ranges: dict[int, tuple[float, float]]) -> dict[int, Steps]:
    """The scale and zero point of each tensor; those that must share them get what holds all their values."""
    sigmoids = {
        number
        for at in choice.operators
        if choice.kinds[at] == "LOGISTIC"
        for number in choice.graph.operators[at].outputs
    }
    found: dict[int, Steps] = {}
    for group in choice.groups():
        if not sigmoids.isdisjoint(group):
            steps = SIGMOID
        else:
            steps = Steps.of(min(ranges[one][0] for one in group), max(ranges[one][1] for one in group))
        found |= dict.fromkeys(group, steps)
    return found


if __name__ == "__main__":
    main(quantize, tools=("ai-edge-litert",))
