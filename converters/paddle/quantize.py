"""INT8 of a Paddle program by Paddle's own post-training quantisation: what Paddle Lite makes integers of.

Inputs: `program`, `calibration` (prepared photos). Options: `batch`; `keep_float` (names of weights whose operators
stay in FP32); `method` (one of METHODS; `auto`, the default, keeps the one whose outputs are nearest to the program's
on photos that were held out); `threads`.

Paddle's quantisation says how large values become; `quantised_program` writes that into the program as it is.
Convolutions and products with a weight read their values in 8 bits, symmetric, with one step a value; weights have a
step for each channel of the result. Products of two values (attention's) stay in FP32, and so does all else.

Beside the program it leaves `quantisation.safetensors`: the step of what is multiplied with each weight, as
`<weight>.input`, [1], and by the value itself, as `<value>_scale` with `<value>_zero_point`.
"""

import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from edgeworker.calibration import Samples, batch_of, best_of, median_error, trial_of
from edgeworker.keep_float import kept_in_float, told
from edgeworker.paddle_graph import ProgramGraph
from edgeworker.paddle_program import INT_ATTR, attribute, set_attribute
from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal
from executed import outputs_of
from paddle_runtime import paddle, set_threads
from post_training import METHODS, largest_values
from quantised_program import LARGEST, quantise, weighted
from safetensors.numpy import save_file

RECORD = "quantisation.safetensors"
ROLE, FORWARD = "op_role", 0


def quantize(request: Request) -> dict[str, Any]:
    """Write the program and the record; returns how many operators of each type read values in 8 bits, the method, and
    each one's error on held-out photos. Raises Refusal where nothing can be quantised.
    """
    options, folder = request.options, request.inputs["program"]
    paddle.enable_static()
    set_threads(int(options.get("threads", 2)))
    samples, batch = Samples(request.inputs["calibration"]), batch_of(options)
    trial = trial_of(options, METHODS, samples, batch)
    able = {one.weight: one.value for one in weighted(ProgramGraph.read(folder))}
    if not able:
        raise Refusal("the program has no convolution and no product with a weight", kind="input")
    keep = kept_in_float(options, able)
    truth = outputs_of(folder, samples.batches(batch, trial.held_out)) if trial.held_out else []
    errors: dict[str, float] = {}
    measured = with_roles(folder, request.output / "measured")
    found = largest_values(measured, set(able.values()), samples, batch, trial.looked_at)
    shutil.rmtree(measured)
    for method in trial.methods:
        if truth:
            tried = request.output / method
            tried.mkdir()
            write(folder, tried, found[method], keep)
            errors[method] = median_error(outputs_of(tried, samples.batches(batch, trial.held_out)), truth)
            shutil.rmtree(tried)
    best = best_of(trial.methods, errors)
    return {
        "quantised": write(folder, request.output, found[best], keep),
        "calibrated_on": len(samples),
        "errors": errors,
        "build": {"calibration_method": best, **told(keep)},
    }


def with_roles(folder: Path, output: Path) -> Path:
    """Write the program with a role for each operator, which Paddle's quantisation asks for; returns where.

    Paddle's own programs have roles, and those of other hands, or after a rewrite, need none to run.
    """
    graph = ProgramGraph.read(folder)
    for op in graph.ops():
        if attribute(op, ROLE) is None:
            set_attribute(op, ROLE, INT_ATTR, FORWARD)
    output.mkdir()
    graph.write(output, folder)
    return output


def write(folder: Path, output: Path, largest: Mapping[str, float], keep: Sequence[str]) -> dict[str, int]:
    """Write the quantised program with its record; returns how many operators of each type read 8 bits."""
    graph = ProgramGraph.read(folder)
    chosen = quantise(graph, largest, keep)
    graph.write(output, folder)
    record: dict[str, np.ndarray] = {}
    for one in chosen:
        step = np.array([largest[one.value]], np.float32) / np.float32(LARGEST)
        record |= {
            f"{one.weight}.input": step,
            f"{one.value}_scale": step,
            f"{one.value}_zero_point": np.zeros(1, np.int8),
        }
    save_file(record, output / RECORD)
    return dict(Counter(one.op.desc.type for one in chosen))


if __name__ == "__main__":
    main(quantize, tools=("paddlepaddle",))
