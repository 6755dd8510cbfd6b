"""What artifacts are judged against: the program in FP32 with Paddle 3 Inference, and the same program in float64."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from edgeworker.protocol import Request, main
from edgeworker.reference import reference_job
from edgeworker.runner import Tensors
from paddle3_runtime import paddle, set_threads
from pir_execution import Execution
from pir_float64 import write_float64
from pir_ports import ports
from pir_program import PARAMETERS_FILE, PROGRAM_FILE, read_program


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
    """`reference_job` for the program in `request.inputs["program"]`."""
    inputs, _ = ports(read_program(request.inputs["program"] / PROGRAM_FILE))
    return reference_job(request, inputs, Reference, Oracle)


if __name__ == "__main__":
    main(run, tools=["paddlepaddle"])
