"""What a program computes, operator by operator as it is written: by Paddle's executor, without fusions."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from edgeworker.ranking import flat
from paddle_runtime import paddle
from program import PROGRAM_FILE


def outputs_of(folder: Path, calls: Iterable[np.ndarray]) -> list[np.ndarray]:
    """What the program in a folder gives for each sample of each call: its outputs side by side, flat, in float64."""
    scope = paddle.static.Scope()
    executor = paddle.static.Executor(paddle.CPUPlace())
    found: list[np.ndarray] = []
    with paddle.static.scope_guard(scope):
        prefix = str(folder / Path(PROGRAM_FILE).stem)
        program, (name, *_), fetched = paddle.static.load_inference_model(prefix, executor)
        for values in calls:
            outputs = executor.run(program, feed={name: values}, fetch_list=fetched)
            found += [flat(one[row] for one in outputs) for row in range(len(values))]
    return found
