"""What artifacts are judged against: the program in FP32 with Paddle Inference, and the same program in float64."""

from pathlib import Path
from typing import Any

from edgeworker.protocol import Request, main
from edgeworker.reference import reference_job
from edgeworker.runner import Tensors
from oracle import Oracle
from paddle_runtime import framework_pb2, paddle
from program import PARAMETERS_FILE, PROGRAM_FILE, ports, read


class Reference:
    """A Paddle Inference predictor on the CPU, in FP32. A session, see `edgeworker.runner`."""

    def __init__(self, folder: Path, threads: int) -> None:
        self._folder, self._threads = folder, threads
        try:
            self._predictor = predictor(folder, threads)
        except RuntimeError as error:
            self._go_on_without_onednn(error)

    def run(self, inputs: Tensors) -> Tensors:
        """One batch by input name; every output by name."""
        try:
            return self._computed(inputs)
        except RuntimeError as error:
            self._go_on_without_onednn(error)
            return self._computed(inputs)

    def _computed(self, inputs: Tensors) -> Tensors:
        for name, value in inputs.items():
            self._predictor.get_input_handle(name).copy_from_cpu(value)
        self._predictor.run()
        return {
            name: self._predictor.get_output_handle(name).copy_to_cpu() for name in self._predictor.get_output_names()
        }

    def _go_on_without_onednn(self, error: RuntimeError) -> None:
        """It stumbles over tensors without elements, such as x[:, :0] of SVTR's position embedding."""
        if "could not reshape a memory descriptor" not in str(error):
            raise error
        self._predictor = predictor(self._folder, self._threads, onednn=False)


def predictor(folder: Path, threads: int, *, onednn: bool = True) -> paddle.inference.Predictor:
    """What runs the program in `folder`."""
    config = configured(folder, threads)
    if not onednn:
        config.disable_mkldnn()
    return paddle.inference.create_predictor(config)


def configured(folder: Path, threads: int) -> paddle.inference.Config:
    """How a predictor is made of the program in `folder`; each config can be used once."""
    config = paddle.inference.Config(str(folder / PROGRAM_FILE), str(folder / PARAMETERS_FILE))
    config.disable_gpu()
    config.disable_glog_info()
    config.enable_memory_optim()
    config.set_cpu_math_library_num_threads(threads)
    if lacks_factors(read(folder)):
        config.switch_ir_optim(False)
    return config


def lacks_factors(description: framework_pb2.ProgramDesc) -> bool:
    """Whether a batch norm was built without factors: Paddle's fusions then read where nothing is, and crash."""
    return any(
        op.type == "batch_norm" and not any(slot.arguments for slot in op.inputs if slot.parameter == "Scale")
        for op in description.blocks[0].ops
    )


def run(request: Request) -> dict[str, Any]:
    """`reference_job` for the program in `request.inputs["program"]`."""
    inputs, _ = ports(read(request.inputs["program"]))
    return reference_job(request, inputs, Reference, Oracle)


if __name__ == "__main__":
    main(run, tools=["paddlepaddle"])
