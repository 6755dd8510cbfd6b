"""What values every layer's activations took: Paddle's executor on the program with probes, in FP32.

Inputs: `program`, `tensors` (the golden inputs, or photos to calibrate with). Options: `batch`, `threads`, `most`,
`photos`. Writes `ranges.json` (see `edgeworker.ranges`).
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from edgeworker.paddle_program import read_program
from edgeworker.protocol import Request, main
from edgeworker.ranges import Extremes, Probe, ranges_job, split
from edgeworker.runner import Tensors
from paddle_runtime import paddle, set_threads
from probes import COUNTS, OF_CHANNELS, TOTAL, WHOLE, Part, probed_parts
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

    def measure(self, calls: Sequence[Tensors]) -> list[Extremes]:
        """See `edgeworker.ranges.Measure`. A part is prepared once; what goes to the next is held for each call."""
        live: list[Tensors] = [dict(call) for call in calls]
        found: list[Extremes] = []
        for at, part in enumerate(self._parts):
            asked = [*part.asked, *part.leaves]
            needed = {name for later in self._parts[at + 1 :] for name in later.reads}
            program = paddle.static.Program.parse_from_string(part.program.SerializeToString())
            rows: dict[str, list[np.ndarray]] = {name: [] for name in part.asked}
            for tensors in live:
                with paddle.static.scope_guard(self._scope):
                    feed = {name: tensors[name] for name in part.reads}
                    values = self._executor.run(program, feed=feed, fetch_list=asked) if asked else []
                given = dict(zip(asked, values, strict=True))
                for name in part.asked:
                    rows[name].append(given.pop(name).reshape(-1))
                tensors.update(given)
                for name in tensors.keys() - needed:
                    del tensors[name]
            found += extremes(part.probes, {name: np.stack(values) for name, values in rows.items()})
        return found


def extremes(probes: Sequence[Probe], rows: dict[str, np.ndarray]) -> Iterator[Extremes]:
    """What the probes of a part have found, by what it was asked for, [calls, values] each."""
    counts = rows[COUNTS][0].tolist() if COUNTS in rows else []
    of_channels = [iter(split(rows[name], counts)) if counts else iter(()) for name in OF_CHANNELS]
    whole = [iter(split(rows[name], [1] * rows[name].shape[1])) if name in rows else iter(()) for name in WHOLE]
    for at, probe in enumerate(probes):
        smallest, largest = (next(one) for one in (whole if probe.axis is None else of_channels))
        yield Extremes(smallest, largest, rows[TOTAL][:, at])


def ranges(request: Request) -> dict[str, Any]:
    """`ranges_job` for the program in `request.inputs["program"]`."""
    folder = request.inputs["program"]
    parts = list(probed_parts(read_program(folder / PROGRAM_FILE)))
    probed = Probed(folder, parts, int(request.options.get("threads", 1)))
    return ranges_job(request, [probe for part in parts for probe in part.probes], probed.measure)


if __name__ == "__main__":
    main(ranges, tools=["paddlepaddle"])
