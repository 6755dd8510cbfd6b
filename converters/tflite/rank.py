"""What the quantisation of each operator of a TFLite file costs (`edgeworker.ranking`).

Inputs: `model.tflite` in FP32, `quantised/model.tflite` and `quantised/quantisation.safetensors` (the scales and zero
points that were chosen), `calibration` (prepared photos). Options: `threads` of a run, and `photos`, how many of them
are looked at. Returns `layers`, the costliest first (`name`, `type`, `snr_db`), and `all_db`, with all of them in
8 bits.

A file is written for each operator with that one in 8 bits, and run in LiteRT as artifacts are. What only moves values
is not ranked: in FP32 it would move values that have been rounded all the same.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from connected import connect
from edgeworker.calibration import Samples, batch_of
from edgeworker.protocol import Request, main
from edgeworker.ranking import PHOTOS, ranked, ranking_photos, signal_to_noise
from int8_choice import MOVING, Choice
from int8_graph import IN_INT8, Int8Graph, Steps
from model_file import copied, kind_of, name_of, read_model, write_model
from run import load_model, outputs_of
from safetensors.numpy import load_file


def rank(request: Request) -> dict[str, Any]:
    """Measure every operator's cost."""
    source, small = request.inputs["model.tflite"], request.inputs["quantised/model.tflite"]
    record = load_file(request.inputs["quantised/quantisation.safetensors"])
    samples, threads = Samples(request.inputs["calibration"]), int(request.options["threads"])
    photos = ranking_photos(samples, int(request.options.get("photos", PHOTOS)))
    # A model that takes several photos at once is given one so many times.
    calls = [np.repeat(photo, batch_of(request.options), 0) for photo in photos]
    types = types_in_8_bits(small)
    full, file = read_model(source), request.output / "one.tflite"
    connect(full)

    def outputs(path: Path) -> list[np.ndarray]:
        return outputs_of(load_model(path, threads), samples.name, calls)

    truth = outputs(source)
    costs = {}
    for name in types:
        write_alone(full, name, record, file)
        costs[name] = signal_to_noise(outputs(file), truth)
    file.unlink(missing_ok=True)
    everything = signal_to_noise(outputs(small), truth)
    return {"layers": ranked(costs, types), "all_db": round(everything, 2)}


def types_in_8_bits(path: Path) -> dict[str, str]:
    """What each operator is that computes in 8 bits, by its name in FP32, in the order of the file."""
    model = read_model(path)
    graph = model.subgraphs[0]
    found = {}
    for operator in graph.operators:
        kind, name = kind_of(model, operator), name_of(graph.tensors[operator.outputs[0]])
        if name.endswith(IN_INT8) and kind not in {*MOVING, "QUANTIZE"}:
            found[name.removesuffix(IN_INT8)] = kind
    return found


def steps_in(record: Mapping[str, np.ndarray], name: str) -> Steps:
    """The scale and zero point that a tensor was given."""
    scale, zero = record[f"{name}{IN_INT8}.scale"], record[f"{name}{IN_INT8}.zero_point"]
    return Steps(np.float32(scale[0]), int(zero[0]))


def write_alone(full: Any, name: str, record: Mapping[str, np.ndarray], file: Path) -> None:
    """Write a model with one operator in 8 bits, in the steps of the record."""
    model = copied(full)
    choice = Choice(model, ())
    choice.only(name)
    tensors = choice.graph.tensors
    steps = {number: steps_in(record, name_of(tensors[number])) for number in choice.tensors}
    Int8Graph(model, choice, steps).write()
    write_model(model, file)


if __name__ == "__main__":
    main(rank, tools=("ai-edge-litert",))
