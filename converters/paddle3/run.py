# /// script
# requires-python = ">=3.10,<3.13"
# dependencies = [
#     "paddlepaddle==3.3.1",
#     "paddle2onnx==2.1.0",
#     "anyio==4.16.0",
#     "certifi==2026.10.18",
#     "colorama==0.4.6",
#     "exceptiongroup==1.3.1 ; python_version < '3.11'",
#     "h11==0.16.0",
#     "httpcore==1.0.9",
#     "httpx==0.28.1",
#     "idna==3.20",
#     "ml-dtypes==0.6.0",
#     "mpmath==1.3.0",
#     "numpy==2.2.6",
#     "onnx==1.23.2",
#     "onnxslim==0.1.98",
#     "opt-einsum==3.3.0",
#     "packaging==26.3",
#     "pillow==12.3.0",
#     "protobuf==7.36.2",
#     "safetensors==0.8.0",
#     "setuptools==84.2.1",
#     "sympy==1.14.0",
#     "typing-extensions==4.16.0",
# ]
#
# [tool.uv]
# # paddle2onnx asks for an old onnx and for optimisers that only its command line uses; inference needs no networkx.
# override-dependencies = [
#     "networkx ; python_version < '3'",
#     "onnx==1.23.2",
#     "onnxoptimizer ; python_version < '3'",
#     "polygraphy ; python_version < '3'",
# ]
# ///
"""What artifacts are judged against: the program in FP32 with Paddle 3 Inference, and the same program in float64."""

import gc
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from edgeworker.benchmark import latency
from edgeworker.protocol import Refusal, Request, main
from edgeworker.runner import Tensors, batch_sizes, run_batches
from paddle3_runtime import paddle, set_threads
from pir_execution import Execution
from pir_float64 import write_float64
from pir_ports import Port, ports
from pir_program import PARAMETERS_FILE, PROGRAM_FILE, read_program
from safetensors.numpy import load_file, save_file


class Reference:
    """A Paddle Inference predictor on the CPU, in FP32. A session, see `edgeworker.runner`."""

    def __init__(self, folder: Path, threads: int) -> None:
        config = paddle.inference.Config(str(folder / PROGRAM_FILE), str(folder / PARAMETERS_FILE))
        config.disable_gpu()
        config.disable_glog_info()
        # On unless it is switched off, and it ends Twins exported with a fixed shape ("input tensor's dimension is 5,
        # axis's size is 6"). Paddle 2's default, which the other references come from, is without it.
        config.disable_onednn()
        # Without these two, saving memory fails ("Not find predictor_id 0 and pass_name memory_optimize_pass").
        config.enable_new_ir(True)
        config.enable_new_executor(True)
        config.enable_memory_optim()
        config.set_cpu_math_library_num_threads(threads)
        self._predictor = paddle.inference.create_predictor(config)

    def run(self, inputs: Tensors) -> Tensors:
        """One batch by input name; every output by name."""
        for name, value in inputs.items():
            self._predictor.get_input_handle(name).copy_from_cpu(value)
        self._predictor.run()
        return {
            name: self._predictor.get_output_handle(name).copy_to_cpu() for name in self._predictor.get_output_names()
        }


class Oracle:
    """The program in float64, each operator as it is written. A session: takes FP32, returns float64."""

    def __init__(self, folder: Path, threads: int) -> None:
        set_threads(threads)
        with tempfile.TemporaryDirectory() as scratch:
            write_float64(folder, Path(scratch))
            self._execution = Execution(Path(scratch))

    def run(self, inputs: Tensors) -> Tensors:
        """One batch by input name; every output by name."""
        return self._execution.run({name: value.astype(np.float64) for name, value in inputs.items()})


def run(request: Request) -> dict[str, Any]:
    """Write `reference.safetensors` (float32) and, unless the option `oracle` is false, `oracle.safetensors`.

    Inputs: `program`, a folder that `adopt.py` wrote; `tensors`, safetensors, each input as [samples, ...].
    Options: `batch` (see `batch_sizes`), `threads`, `latency` (None, or `warmup`, `repeats`,
    `seconds`; of the FP32 reference), `oracle`. Outputs are [samples, ...] under the program's own names.
    """
    folder, options = request.inputs["program"], request.options
    sizes, threads = batch_sizes(options), int(options.get("threads", 2))
    tensors = load_file(request.inputs["tensors"])
    inputs, _ = ports(read_program(folder / PROGRAM_FILE))
    _check_inputs(inputs, tensors, sizes)

    details = {
        "samples": len(next(iter(tensors.values()))),
        "latency": _run_reference(folder, threads, tensors, sizes, options.get("latency"), request.output),
    }
    # The float64 program takes twice the memory; with the predictor still there it would take three times.
    gc.collect()
    if options.get("oracle", True):
        save_file(run_batches(Oracle(folder, threads), tensors, sizes), request.output / "oracle.safetensors")
    return details


def _run_reference(
    folder: Path, threads: int, tensors: Tensors, sizes: list[int], timing: dict[str, Any] | None, output: Path
) -> dict[str, float | int] | None:
    reference = Reference(folder, threads)
    save_file(run_batches(reference, tensors, sizes), output / "reference.safetensors")
    if not timing:
        return None
    first = {name: np.ascontiguousarray(value[: sizes[0]]) for name, value in tensors.items()}
    return latency(lambda: reference.run(first), **timing)


def _check_inputs(inputs: list[Port], tensors: Tensors, sizes: list[int]) -> None:
    wanted, given = sorted(port.name for port in inputs), sorted(tensors)
    if wanted != given:
        raise Refusal(
            f"the program's inputs are {', '.join(wanted)}; the tensors given are {', '.join(given)}", kind="input"
        )
    for port in inputs:
        shapes = [(size, *tensors[port.name].shape[1:]) for size in sizes]
        fits = all(
            len(shape) == len(port.shape)
            and all(extent in (-1, given) for extent, given in zip(port.shape, shape, strict=True))
            for shape in shapes
        )
        if not fits or tensors[port.name].dtype != port.dtype:
            raise Refusal(
                f"the program's input {port.name} is {port.dtype} {list(port.shape)}; "
                f"a batch of the tensor given is {tensors[port.name].dtype} {list(shapes[0])}",
                kind="input",
            )


if __name__ == "__main__":
    main(run, tools=["paddlepaddle"])
