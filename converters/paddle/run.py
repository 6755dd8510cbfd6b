"""What artifacts are judged against: the program in FP32 with Paddle Inference, and the same program in float64."""

from pathlib import Path
from typing import Any

from edgeworker.protocol import Request, main
from edgeworker.reference import reference_job
from edgeworker.runner import Tensors
from oracle import Oracle
from predictor import computed, predictor
from program import PARAMETERS_FILE, PROGRAM_FILE, ports, read


class Reference:
    """A Paddle Inference predictor on the CPU, in FP32. A session, see `edgeworker.runner`."""

    def __init__(self, folder: Path, threads: int) -> None:
        self._files, self._threads = (folder / PROGRAM_FILE, folder / PARAMETERS_FILE), threads
        try:
            self._predictor = predictor(*self._files, threads)
        except RuntimeError as error:
            self._go_on_without_onednn(error)

    def run(self, inputs: Tensors) -> Tensors:
        """One batch by input name; every output by name."""
        try:
            return computed(self._predictor, inputs)
        except RuntimeError as error:
            self._go_on_without_onednn(error)
            return computed(self._predictor, inputs)

    def _go_on_without_onednn(self, error: RuntimeError) -> None:
        """It stumbles over tensors without elements, such as x[:, :0] of SVTR's position embedding."""
        if "could not reshape a memory descriptor" not in str(error):
            raise error
        self._predictor = predictor(*self._files, self._threads, onednn=False)


def run(request: Request) -> dict[str, Any]:
    """`reference_job` for the program in `request.inputs["program"]`."""
    inputs, _ = ports(read(request.inputs["program"]))
    return reference_job(request, inputs, Reference, Oracle)


if __name__ == "__main__":
    main(run, tools=["paddlepaddle"])
