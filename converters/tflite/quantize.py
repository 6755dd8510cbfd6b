"""INT8 of `model.tflite`: ranges from LiteRT on photos, and a file as LiteRT reads it.

Inputs: `model.tflite`, `calibration` (prepared photos). Options: `batch`; `keep_float` (layers that stay in FP32, by
the names of what they make).

Weights are symmetric and per channel, activations asymmetric, from the smallest to the largest value over all photos.
Inputs and outputs stay in FP32. Beside the model it leaves `quantisation.safetensors`: every scale and zero point, by
the tensor's name.
"""

from collections import Counter
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from connected import connect
from edgeworker.calibration import Samples, batch_of
from edgeworker.keep_float import kept_in_float, told
from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal
from int8_choice import KERNELS, Choice
from int8_graph import SIGMOID, Int8Graph, Steps
from model_file import read_model, write_model
from run import as_stored, load_model
from safetensors.numpy import save_file


def quantize(request: Request) -> dict[str, Any]:
    """Write `model.tflite` and `quantisation.safetensors`; returns how many operators of each type are in INT8."""
    source = request.inputs["model.tflite"]
    model = read_model(source)
    samples = Samples(request.inputs["calibration"])
    connect(model)
    known = Choice(model, ())
    keep = kept_in_float(request.options, [known.layer(at) for at in range(len(known.kinds))])
    choice = Choice(model, keep)
    if not any(choice.kinds[at] in KERNELS for at in choice.operators):
        raise Refusal("no layer of the network can be in int8", "Convert it in FP32 or FP16")
    interpreter = load_model(source, int(request.options.get("threads", 2)), xnnpack=False, keep_all=True)
    ranges = observed(interpreter, samples, batch_of(request.options), sorted(choice.tensors))
    graph = Int8Graph(model, choice, steps_of(choice, ranges))
    quantised = Counter(choice.kinds[at] for at in choice.operators)
    graph.write()
    write_model(model, request.output / "model.tflite")
    save_file(graph.chosen, request.output / "quantisation.safetensors")
    load_model(request.output / "model.tflite", 1)
    return {"quantised": dict(quantised), "calibrated_on": len(samples), "build": told(keep)}


def observed(
    interpreter: Interpreter, samples: Samples, batch: int, numbers: list[int]
) -> dict[int, tuple[float, float]]:
    """The smallest and largest value of each tensor over all photos; `numbers` are those of the file's tensors."""
    (port,) = interpreter.get_input_details()
    low, high = dict.fromkeys(numbers, np.inf), dict.fromkeys(numbers, -np.inf)
    for photos in samples.batches(batch):
        interpreter.set_tensor(port["index"], as_stored(samples.name, photos, port))
        interpreter.invoke()
        for number in numbers:
            values = interpreter.get_tensor(number)
            low[number] = min(low[number], float(values.min()))
            high[number] = max(high[number], float(values.max()))
    found = {number: (low[number], high[number]) for number in numbers}
    if lost := [number for number, pair in found.items() if not np.isfinite(pair).all()]:
        raise Refusal(f"{len(lost)} activations are no finite numbers on the calibration photos", "Look at the photos")
    return found


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
