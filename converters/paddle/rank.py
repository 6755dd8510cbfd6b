"""What the quantisation of each operator of a program costs (`edgeworker.ranking`), as Paddle computes it.

Inputs: `program` in FP32, `quantised/quantisation.safetensors` (the steps that were chosen for it), `calibration`
(prepared photos). Options: `batch`, `threads`, and `photos`, how many of them are looked at. Returns `layers`, the
costliest first (`name`, that of its weight, `type`, `snr_db`), and `all_db`, with all of them in 8 bits.
"""

import shutil
from collections.abc import Collection
from typing import Any

import numpy as np
from edgeworker.calibration import Samples, batch_of
from edgeworker.paddle_graph import ProgramGraph
from edgeworker.protocol import Request, main
from edgeworker.ranking import PHOTOS, ranked, ranking_photos, signal_to_noise
from executed import outputs_of
from paddle_runtime import paddle, set_threads
from quantised_program import LARGEST, quantise, weighted
from safetensors.numpy import load_file


def rank(request: Request) -> dict[str, Any]:
    """Measure every operator's cost."""
    folder, options = request.inputs["program"], request.options
    paddle.enable_static()
    set_threads(int(options["threads"]))
    steps = load_file(request.inputs["quantised/quantisation.safetensors"])
    layers = [one for one in weighted(ProgramGraph.read(folder)) if f"{one.weight}.input" in steps]
    types = {one.weight: one.op.desc.type for one in layers}
    largest = {one.value: float(steps[f"{one.weight}.input"][0]) * LARGEST for one in layers}
    batch = batch_of(options)
    photos = ranking_photos(Samples(request.inputs["calibration"]), int(options.get("photos", PHOTOS)))
    calls = [np.repeat(one, batch, 0) for one in photos]

    def outputs(names: Collection[str]) -> list[np.ndarray]:
        tried = request.output / "tried"
        tried.mkdir()
        graph = ProgramGraph.read(folder)
        quantise(graph, largest, set(types) - set(names))
        graph.write(tried, folder)
        found = outputs_of(tried, calls)[::batch]
        shutil.rmtree(tried)
        return found

    truth = outputs_of(folder, calls)[::batch]
    costs = {name: signal_to_noise(outputs({name}), truth) for name in types}
    return {"layers": ranked(costs, types), "all_db": round(signal_to_noise(outputs(types), truth), 2)}


if __name__ == "__main__":
    main(rank, tools=("paddlepaddle",))
