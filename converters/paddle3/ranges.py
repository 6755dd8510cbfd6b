"""What values every layer's activations took: Paddle 3's executor on the program with probes, in FP32.

Inputs: `program`, `tensors` (the golden inputs, or photos to calibrate with). Options: `batch`, `threads`, `most`,
`photos`. Writes `ranges.json` (see `edgeworker.ranges`).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from edgeworker.protocol import Request, main
from edgeworker.ranges import Extremes, ranges_job, split
from edgeworker.runner import Tensors
from paddle3_runtime import paddle, set_threads
from pir_program import PROGRAM_FILE
from pir_ranges import add_probes


class Probed:
    """A program with probes, run operator by operator as it is written."""

    def __init__(self, folder: Path, threads: int) -> None:
        paddle.enable_static()
        set_threads(threads)
        self._scope = paddle.static.Scope()
        self._executor = paddle.static.Executor(paddle.CPUPlace())
        with paddle.static.scope_guard(self._scope):
            prefix = str(folder / Path(PROGRAM_FILE).stem)
            self._program, _, _ = paddle.static.load_inference_model(prefix, self._executor)
            self._outputs, self.probes = add_probes(self._program)

    def measure(self, calls: Sequence[Tensors]) -> list[Extremes]:
        """See `edgeworker.ranges.Measure`."""
        with paddle.static.scope_guard(self._scope):
            rows = [self._executor.run(self._program, feed=call, fetch_list=self._outputs) for call in calls]
        smallest, largest, totals, counts = (np.stack(found) for found in zip(*rows, strict=True))
        ends = zip(split(smallest, counts[0]), split(largest, counts[0]), strict=True)
        return [Extremes(low, high, totals[:, at]) for at, (low, high) in enumerate(ends)]


def ranges(request: Request) -> dict[str, Any]:
    """`ranges_job` for the program in `request.inputs["program"]`."""
    probed = Probed(request.inputs["program"], int(request.options.get("threads", 1)))
    return ranges_job(request, probed.probes, probed.measure)


if __name__ == "__main__":
    main(ranges, tools=["paddlepaddle"])
