"""Run a Paddle Lite model for x86 (`model.x86.nb`) on this host in Paddle Lite's light runtime, in FP32.

Inputs: `model`, `tensors`. Options: `batch`, `threads`, `latency`, `precision` ("fp32"), `inputs` and
`outputs` (program's name -> the file's name; both empty or absent where they are the same).

Paddle Lite's Python package has no call for the number of threads; its x86 build takes it from OpenMP's
environment variable, read once when the library is loaded.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np
from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal
from edgeworker.runner import Tensors, batch_sizes, check_batch, check_fed, names_of, port_names, precision_of, run_job
from nb_format import NbModel, read_nb


class LiteSession:
    """One loaded model; inputs and outputs go by the program's names."""

    def __init__(self, path: Path, batches: list[int], inputs: dict[str, str], outputs: dict[str, str]) -> None:
        # Read before Paddle Lite gets the file: it ends the process on a damaged one.
        self._model = read_nb(path)
        _check_target(path, self._model)
        shapes = {feed.name: feed.dims for feed in self._model.feeds()}
        self._inputs = port_names("inputs", inputs, list(shapes))
        self._outputs = port_names("outputs", outputs, self._model.fetches())
        self._shapes = {name: shapes[target] for name, target in self._inputs.items()}
        fixed = {name: dims[0] if dims and dims[0] != -1 else None for name, dims in self._shapes.items()}
        check_batch(path.name, fixed, self._shapes, batches)

        # The library loads here, after `job` has set its threads.
        from paddlelite.lite import MobileConfig, create_paddle_predictor

        config = MobileConfig()
        config.set_model_from_file(str(path))
        self._predictor = create_paddle_predictor(config)

    def run(self, inputs: Tensors) -> Tensors:
        """Feed every input [batch, ...] as float32 and return every output, copied out of the runtime."""
        check_fed(inputs, self._inputs)
        for name, value in inputs.items():
            _check_shape(name, value.shape, self._shapes[name])
            tensor = self._predictor.get_input_by_name(self._inputs[name])
            tensor.from_numpy(np.ascontiguousarray(value, dtype=np.float32))
        self._predictor.run()
        # numpy() is a view of memory that the next run overwrites.
        return {
            name: np.array(self._predictor.get_output_by_name(target).numpy(), dtype=np.float32)
            for name, target in self._outputs.items()
        }


def _check_target(path: Path, model: NbModel) -> None:
    """Kernels are fixed in the file; one for ARM would end this process."""
    if "ARM" in model.targets():
        raise Refusal(
            f"{path.name} was converted for ARM; this host runs x86 models",
            "Run model.x86.nb here, and the ARM one on a device",
            kind="input",
        )


def _check_shape(name: str, given: tuple[int, ...], declared: tuple[int, ...]) -> None:
    """The runtime ends the process where a shape does not fit, so it is compared before."""
    fits = len(given) == len(declared) and all(want in (-1, have) for have, want in zip(given, declared, strict=True))
    if not fits:
        raise Refusal(
            f"input {name!r} is {list(given)} where the model takes {list(declared)}",
            "Give the size it was converted for",
            kind="input",
        )


def load(request: Request) -> LiteSession:
    """The session that the request asks for; raises Refusal for a precision that Paddle Lite's files have not.

    Beside an ARM file of another precision than FP32 lies one for x86 that computes in FP32.
    """
    options = request.options
    precision_of(options, ("fp32", "fp16", "int8", "int8-weights", "int16-weights"))
    return LiteSession(
        request.inputs["model"],
        batch_sizes(options),
        *names_of(options),
    )


def job(request: Request) -> dict[str, Any]:
    """`run_job`'s details, and `threads`: how many OpenMP was told to use."""
    threads = int(request.options.get("threads", 2))
    # MKL, inside Paddle Lite, prefers its own variable to OpenMP's where the user's environment sets it.
    os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(threads)
    return run_job(load, request) | {"threads": threads}


if __name__ == "__main__":
    main(job, tools=("paddlelite",))
