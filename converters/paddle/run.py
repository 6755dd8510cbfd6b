"""What artifacts are judged against: the program in FP32 with Paddle Inference, and the same program in float64."""

from pathlib import Path
from typing import Any

from edgeworker.protocol import Request, main
from edgeworker.reference import reference_job
from edgeworker.runner import Tensors
from oracle import Oracle
from paddle_runtime import paddle
from program import PARAMETERS_FILE, PROGRAM_FILE, ports, read


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
    """`reference_job` for the program in `request.inputs["program"]`."""
    inputs, _ = ports(read(request.inputs["program"]))
    return reference_job(request, inputs, Reference, Oracle)


if __name__ == "__main__":
    main(run, tools=["paddlepaddle"])
