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
"""What artifacts are judged against: the program in FP32 with Paddle Inference, and the same program in float64."""

import gc
from pathlib import Path
from typing import Any

import numpy as np
from edgeworker.benchmark import latency
from edgeworker.protocol import Refusal, Request, main
from edgeworker.runner import Tensors, batch_sizes, run_batches
from oracle import Oracle
from paddle_runtime import paddle
from program import PARAMETERS_FILE, PROGRAM_FILE, Port, ports, read
from safetensors.numpy import load_file, save_file


class Reference:
    """A Paddle Inference predictor on the CPU, in FP32. A session, see `edgeworker.runner`."""

    def __init__(self, folder: Path, threads: int) -> None:
        config = paddle.inference.Config(str(folder / PROGRAM_FILE), str(folder / PARAMETERS_FILE))
        config.disable_gpu()
        config.disable_glog_info()
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


def run(request: Request) -> dict[str, Any]:
    """Write `reference.safetensors` (float32) and, unless the option `oracle` is false, `oracle.safetensors`.

    Inputs: `program`, a folder with a Paddle inference model; `tensors`, safetensors, each input as [samples, ...].
    Options: `batch` (see `batch_sizes`), `threads`, `latency` (None, or `warmup`, `repeats`,
    `seconds`; of the FP32 reference), `oracle`. Outputs are [samples, ...] under the program's own names.
    """
    folder, options = request.inputs["program"], request.options
    sizes, threads = batch_sizes(options), int(options.get("threads", 2))
    tensors = load_file(request.inputs["tensors"])
    inputs, _ = ports(read(folder))
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
        shape = (sizes[0], *tensors[port.name].shape[1:])
        fits = len(shape) == len(port.shape) and all(
            extent in (-1, given)
            for size in sizes
            for extent, given in zip(port.shape, (size, *shape[1:]), strict=True)
        )
        if not fits or tensors[port.name].dtype != port.dtype:
            raise Refusal(
                f"the program's input {port.name} is {port.dtype} {list(port.shape)}; "
                f"a batch of the tensor given is {tensors[port.name].dtype} {list(shape)}",
                kind="input",
            )


if __name__ == "__main__":
    main(run, tools=["paddlepaddle"])
