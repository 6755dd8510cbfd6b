"""What values every layer's activations took: Paddle's executor on the program with probes, in FP32.

Inputs: `program`, `tensors` (the golden inputs, or photos to calibrate with). Options: `batch`, `threads`. Writes
`ranges.json` (see `edgeworker.ranges`).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from edgeworker.paddle_program import read_program
from edgeworker.protocol import Request, main
from edgeworker.ranges import ranges_job
from edgeworker.runner import Tensors
from paddle_runtime import paddle, set_threads
from probes import STATISTICS, Part, probed_parts
from program import PROGRAM_FILE


class Probed:
    """The parts of a program, run one after the other, operator by operator as they are written."""

    def __init__(self, folder: Path, parts: Sequence[Part], threads: int) -> None:
        paddle.enable_static()
        set_threads(threads)
        self._parts = parts
        self._scope = paddle.static.Scope()
        self._executor = paddle.static.Executor(paddle.CPUPlace())
        with paddle.static.scope_guard(self._scope):
            # For the parameters alone: the programs that run are those with probes.
            paddle.static.load_inference_model(str(folder / Path(PROGRAM_FILE).stem), self._executor)

    def measure(self, calls: Sequence[Tensors]) -> dict[str, np.ndarray]:
        """See `edgeworker.ranges.Measure`. A part is prepared once; what goes to the next is held for each call."""
        live: list[Tensors] = [dict(call) for call in calls]
        found: dict[str, list[np.ndarray]] = {statistic: [] for statistic in STATISTICS}
        for at, part in enumerate(self._parts):
            asked = [*(STATISTICS if part.probes else ()), *part.leaves]
            needed = {name for later in self._parts[at + 1 :] for name in later.reads}
            program = paddle.static.Program.parse_from_string(part.program.SerializeToString())
            rows: dict[str, list[np.ndarray]] = {}
            for tensors in live:
                with paddle.static.scope_guard(self._scope):
                    feed = {name: tensors[name] for name in part.reads}
                    values = self._executor.run(program, feed=feed, fetch_list=asked) if asked else []
                given = dict(zip(asked, values, strict=True))
                for statistic in STATISTICS if part.probes else ():
                    rows.setdefault(statistic, []).append(given.pop(statistic).reshape(-1))
                tensors.update(given)
                for name in tensors.keys() - needed:
                    del tensors[name]
            for statistic, values in rows.items():
                found[statistic].append(np.stack(values))
        return {statistic: np.concatenate(values, axis=1) for statistic, values in found.items()}


def ranges(request: Request) -> dict[str, Any]:
    """`ranges_job` for the program in `request.inputs["program"]`."""
    folder = request.inputs["program"]
    parts = list(probed_parts(read_program(folder / PROGRAM_FILE)))
    probed = Probed(folder, parts, int(request.options.get("threads", 1)))
    return ranges_job(request, [probe for part in parts for probe in part.probes], probed.measure)


if __name__ == "__main__":
    main(ranges, tools=["paddlepaddle"])
