"""The graph of a Paddle program, and the variables inside it as Paddle computes them, operator by operator.

Inputs: `program`, or `model` and `weights` (an artifact's .pdmodel and .pdiparams, in one folder), `tensors` (one
batch; absent for the graph alone). Options: `names` (see `edgeworker.observe`), `precision` ("fp32" or "fp64"),
`threads`.
"""

from pathlib import Path
from typing import Any

import numpy as np
from edgeworker.observe import Graph, observe_job
from edgeworker.paddle_program import read_program
from edgeworker.protocol import Request, main
from edgeworker.runner import Tensors
from oracle import to_float64
from paddle_runtime import paddle, set_threads
from program import PARAMETERS_FILE, PROGRAM_FILE
from program_graph import program_graph


class PaddleObservable:
    """One program, run by Paddle's executor without its fusions."""

    def __init__(self, request: Request) -> None:
        folder = request.inputs.get("program", Path())
        self._model = request.inputs.get("model", folder / PROGRAM_FILE)
        self._weights = request.inputs.get("weights", folder / PARAMETERS_FILE)
        self._double = request.options.get("precision", "fp32") == "fp64"
        self._threads = int(request.options.get("threads", 1))

    def graph(self) -> Graph:
        """The operators of the first block."""
        return program_graph(read_program(self._model))

    def observe(self, inputs: Tensors, names: list[str]) -> Tensors:
        """Run the program and fetch `names`."""
        paddle.enable_static()
        set_threads(self._threads)
        scope, executor = paddle.static.Scope(), paddle.static.Executor(paddle.CPUPlace())
        with paddle.static.scope_guard(scope):
            program, _, _ = paddle.static.load_inference_model(
                str(self._model.parent), executor, model_filename=self._model.name, params_filename=self._weights.name
            )
        if self._double:
            program = to_float64(program)
            for variable in program.list_vars():
                if variable.persistable and variable.name not in ("feed", "fetch"):
                    tensor = scope.find_var(variable.name).get_tensor()
                    value = np.asarray(tensor)
                    if value.dtype == np.float32:
                        tensor.set(value.astype(np.float64), paddle.CPUPlace())
        kind = np.float64 if self._double else np.float32
        feed = {name: value.astype(kind) if value.dtype == np.float32 else value for name, value in inputs.items()}
        asked = [name for name in names if name not in feed]
        values = []
        if asked:
            with paddle.static.scope_guard(scope):
                values = executor.run(program, feed=feed, fetch_list=asked)
        return dict(zip(asked, values, strict=True)) | {name: feed[name] for name in names if name in feed}


def job(request: Request) -> dict[str, Any]:
    """`observe_job` with Paddle."""
    return observe_job(PaddleObservable, request)


if __name__ == "__main__":
    main(job, tools=["paddlepaddle"])
