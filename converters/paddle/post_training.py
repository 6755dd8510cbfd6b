"""How large a program's values become, by Paddle's post-training quantisation (paddle.static.quantization).

Paddle measures by one method a run, what every operator reads and writes, and then rewrites the program; its histograms
sort all values of each photo. Here it measures by all methods in one run, only what is asked for, and rewrites nothing.
That changes methods of Paddle's class that have no promise (2.6.2; the tests compare with Paddle's own way).
"""

from collections.abc import Collection, Sequence
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
from edgeworker.calibration import Samples
from edgeworker.refusal import Refusal
from paddle.static.quantization import PostTrainingQuantization
from paddle_runtime import paddle
from program import PARAMETERS_FILE, PROGRAM_FILE
from quantised_program import KINDS

METHODS = ("largest", "mean", "percentile")
"""The largest of all, the mean of the calls' largest values, what 99.999 % of the values are below: "abs_max", "avg"
and "hist" in Paddle."""


def largest_values(
    folder: Path, values: Collection[str], samples: Samples, batch: int, places: Sequence[int]
) -> dict[str, dict[str, float]]:
    """What each method takes for the largest magnitude of each of these values, on the samples at `places`.

    Raises Refusal where a value is not finite.
    """
    scope = paddle.static.Scope()
    with paddle.static.scope_guard(scope), redirect_stderr(StringIO()):  # it draws bars
        measured = Measured(
            values,
            executor=paddle.static.Executor(paddle.CPUPlace()),
            scope=scope,
            model_dir=str(folder),
            model_filename=PROGRAM_FILE,
            params_filename=PARAMETERS_FILE,
            data_loader=loader(samples, batch, places),
            batch_size=batch,
            batch_nums=len(places) // batch,
            algo="hist",
            hist_percent=0.99999,
            quantizable_op_type=list(KINDS),
        )
        measured.quantize()
        return measured.found()


class Measured(PostTrainingQuantization):
    """Paddle's quantisation as far as the ranges of some values."""

    def __init__(self, values: Collection[str], **options: Any) -> None:
        super().__init__(**options)
        self._wanted = set(values)

    def found(self) -> dict[str, dict[str, float]]:
        """The largest magnitudes by method and value."""
        found = {
            "percentile": self._quantized_var_threshold,
            "mean": {name: np.mean(photos) for name, photos in self._quantized_var_avg.items()},
            "largest": self._quantized_threshold,
        }
        return {
            method: {name: float(one[name]) for name in self._wanted if name in one} for method, one in found.items()
        }

    def _collect_target_varnames(self) -> None:
        super()._collect_target_varnames()
        self._quantized_act_var_name &= self._wanted

    def _init_sampling_act_histogram(self) -> None:
        ends = self._sampling_act_abs_min_max
        if lost := sorted(name for name, pair in ends.items() if not np.isfinite(pair).all()):
            raise Refusal(f"{lost[0]} is not finite on the calibration photos", "Look at the photos and the weights")
        super()._init_sampling_act_histogram()

    def _sampling(self) -> None:
        self._sample_abs_max()
        self._sample_avg()
        super()._sampling()

    def _sample_histogram(self) -> None:
        for name in self._quantized_act_var_name:
            counted, edges = self._sampling_act_histogram[name]
            values = np.abs(np.array(self._scope.find_var(name).get_tensor()))
            # The bins are of one width, which numpy has to be told: else it sorts.
            counted += np.histogram(values, bins=len(edges) - 1, range=(edges[0], edges[-1]))[0]

    def _update_program(self) -> None:
        """Nothing: `quantised_program` writes it."""

    def _save_output_threshold(self) -> None:
        """Nothing, likewise."""


class Photos(paddle.io.Dataset):
    """The photos at `places`, one at a time, as Paddle's loader asks for them."""

    def __init__(self, samples: Samples, places: Sequence[int]) -> None:
        self._samples, self._places = samples, places

    def __getitem__(self, at: int) -> tuple[np.ndarray]:
        return (next(self._samples.batches(1, self._places[at : at + 1]))[0],)

    def __len__(self) -> int:
        return len(self._places)


def loader(samples: Samples, batch: int, places: Sequence[int]) -> Any:
    """What feeds the photos to the program's input, `batch` a call; what fills no batch is left."""
    with paddle.static.program_guard(paddle.static.Program()):
        fed = paddle.static.data(samples.name, [batch, *samples.shape[1:]])
    return paddle.io.DataLoader(
        Photos(samples, places),
        feed_list=[fed],
        places=[paddle.CPUPlace()],
        return_list=False,
        batch_size=batch,
        drop_last=True,
        use_buffer_reader=False,
    )
