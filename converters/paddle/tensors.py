# /// script
# requires-python = ">=3.10,<3.13"
# dependencies = [
#     "paddlepaddle==2.6.2",
#     "paddleclas==2.6.0",
#     "numpy==1.26.4",
#     "safetensors==0.8.0",
#     "anyio==4.16.0",
#     "astor==0.8.1",
#     "certifi==2026.10.18",
#     "decorator==5.3.1",
#     "exceptiongroup==1.3.1 ; python_version < '3.11'",
#     "h11==0.16.0",
#     "httpcore==1.0.9",
#     "httpx==0.28.1",
#     "idna==3.20",
#     "opt-einsum==3.3.0",
#     "pillow==12.3.0",
#     "protobuf==7.36.2",
#     "setuptools==84.2.1",
#     "typing-extensions==4.16.0",
# ]
#
# [tool.uv]
# # PaddleClas asks for an old numpy and for what its training and retrieval need; a network's own file needs none.
# override-dependencies = [
#     "numpy==1.26.4",
#     "easydict ; python_version < '3'",
#     "faiss-cpu ; python_version < '3'",
#     "gast ; python_version < '3'",
#     "opencv-python ; python_version < '3'",
#     "prettytable ; python_version < '3'",
#     "pyyaml ; python_version < '3'",
#     "scikit-learn ; python_version < '3'",
#     "scipy ; python_version < '3'",
#     "tqdm ; python_version < '3'",
#     "ujson ; python_version < '3'",
#     "visualdl ; python_version < '3'",
# ]
# ///
"""The graph of a Paddle program, and the variables inside it as Paddle computes them, operator by operator.

Inputs: `program`, `tensors` (one batch; absent for the graph alone). Options: `names` (see `edgeworker.observe`),
`precision` ("fp32" or "fp64"), `threads`.
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
from program import PROGRAM_FILE
from program_graph import program_graph


class PaddleObservable:
    """One program, run by Paddle's executor without its fusions."""

    def __init__(self, request: Request) -> None:
        self._folder = request.inputs["program"]
        self._double = request.options.get("precision", "fp32") == "fp64"
        self._threads = int(request.options.get("threads", 1))

    def graph(self) -> Graph:
        """The operators of the first block."""
        return program_graph(read_program(self._folder / PROGRAM_FILE))

    def observe(self, inputs: Tensors, names: list[str]) -> Tensors:
        """Run the program and fetch `names`."""
        paddle.enable_static()
        set_threads(self._threads)
        scope, executor = paddle.static.Scope(), paddle.static.Executor(paddle.CPUPlace())
        with paddle.static.scope_guard(scope):
            program, _, _ = paddle.static.load_inference_model(str(self._folder / Path(PROGRAM_FILE).stem), executor)
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
