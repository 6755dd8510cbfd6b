"""INT8 of a Paddle program by Paddle's own post-training quantisation: what Paddle Lite makes integers of.

Inputs: `program`, `calibration` (prepared photos). Options: `batch`; `keep_float` (names of weights whose operators
stay in FP32); `method` (one of METHODS; `auto`, the default, keeps the one whose outputs are nearest to the program's
on photos that were held out); `threads`.

Paddle's quantisation says how large values become; `quantised_program` writes that into the program as it is.
Convolutions and products with a weight read their values in 8 bits, symmetric, with one step a value; weights have a
step for each channel of the result. Products of two values (attention's) stay in FP32, and so does all else.

Beside the program it leaves `quantisation.safetensors`: the step of what is multiplied with each weight, as
`<weight>.input`, [1].
"""

import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stderr
from io import StringIO
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
from program import PARAMETERS_FILE, PROGRAM_FILE
from quantised_program import BITS, KINDS, LARGEST, quantise, weighted
from safetensors.numpy import save_file

METHODS = {
    "percentile": {"algo": "hist", "hist_percent": 0.99999},
    "mean": {"algo": "avg"},
    "largest": {"algo": "abs_max"},
}
"""What 99.999 % of the values are below, the mean of the calls' largest values, the largest; Paddle's options."""
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
    able = [one.weight for one in weighted(ProgramGraph.read(folder))]
    if not able:
        raise Refusal("the program has no convolution and no product with a weight", kind="input")
    keep = kept_in_float(options, able)
    truth = outputs_of(folder, samples.batches(batch, trial.held_out)) if trial.held_out else []
    errors: dict[str, float] = {}
    found: dict[str, dict[str, float]] = {}
    measured = with_roles(folder, request.output / "measured")
    for method in trial.methods:
        found[method] = largest_values(measured, samples, batch, trial.looked_at, METHODS[method])
        if truth:
            tried = request.output / method
            tried.mkdir()
            write(folder, tried, found[method], keep)
            errors[method] = median_error(outputs_of(tried, samples.batches(batch, trial.held_out)), truth)
            shutil.rmtree(tried)
    shutil.rmtree(measured)
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
    steps = {f"{one.weight}.input": np.array([largest[one.value]], np.float32) / np.float32(LARGEST) for one in chosen}
    save_file(steps, output / RECORD)
    return dict(Counter(one.op.desc.type for one in chosen))


def largest_values(
    folder: Path, samples: Samples, batch: int, places: Sequence[int], method: Mapping[str, Any]
) -> dict[str, float]:
    """What Paddle's quantisation takes for the largest magnitude of each value that an operator multiplies."""
    from paddle.static.quantization import PostTrainingQuantization

    scope, calls = paddle.static.Scope(), len(places) // batch
    with paddle.static.scope_guard(scope), redirect_stderr(StringIO()):  # it draws a bar for every operator
        quantisation = PostTrainingQuantization(
            executor=paddle.static.Executor(paddle.CPUPlace()),
            scope=scope,
            model_dir=str(folder),
            model_filename=PROGRAM_FILE,
            params_filename=PARAMETERS_FILE,
            data_loader=loader(samples, batch, places),
            batch_size=batch,
            batch_nums=calls,
            quantizable_op_type=list(KINDS),
            weight_quantize_type="channel_wise_abs_max",
            activation_quantize_type="range_abs_max",
            onnx_format=False,
            **method,
        )
        quantisation.quant_config = multiplied_alone(list(KINDS))
        program = quantisation.quantize()
        return dict(scales(program, scope))


def multiplied_alone(types: list[str]) -> Any:
    """What Paddle's quantisation looks at: what operators of these types read and write.

    By itself it also keeps a histogram of what every other operator writes, which nothing here reads.
    """
    from paddle.static.quantization.quant_config import BaseQuantizer

    class Multiplied(BaseQuantizer):
        @property
        def observer_operation_types(self) -> list[str]:
            return []

    return Multiplied(quantizable_op_type=types, quant_bits=BITS)


def scales(program: Any, scope: Any) -> Iterator[tuple[str, float]]:
    """Each value that Paddle rounds in the program, with its largest magnitude."""
    for op in program.global_block().ops:
        if op.type.startswith("fake_quantize") and (scale := scope.find_var(op.input("InScale")[0])) is not None:
            yield op.input("X")[0], float(np.array(scale.get_tensor()).reshape(-1)[0])


class Photos(paddle.io.Dataset):
    """The photos at `places`, one at a time, as Paddle's loader asks for them."""

    def __init__(self, samples: Samples, places: Sequence[int]) -> None:
        self._samples, self._places = samples, places

    def __getitem__(self, at: int) -> tuple[np.ndarray]:
        return (next(self._samples.batches(1, self._places[at : at + 1]))[0],)

    def __len__(self) -> int:
        return len(self._places)


def loader(samples: Samples, batch: int, places: Sequence[int]) -> Any:
    """What feeds the photos to the program's input, `batch` a call; what fills no batch is left."""
    with paddle.static.program_guard(paddle.static.Program()):
        fed = paddle.static.data(samples.name, [batch, *samples.shape[1:]])
    return paddle.io.DataLoader(
        Photos(samples, places),
        feed_list=[fed],
        places=[paddle.CPUPlace()],
        return_list=False,
        batch_size=batch,
        drop_last=True,
        use_buffer_reader=False,
    )


if __name__ == "__main__":
    main(quantize, tools=("paddlepaddle",))
