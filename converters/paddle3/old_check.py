"""Runs a program of Paddle 2 beside the Paddle 3 program that it was written from, in the same Paddle.

Paddle 3 still reads the old format, with a translation of its own; both then run in the same kernels, so the outputs
are the same bits but for what was rounded on the way.
"""

from pathlib import Path

import numpy as np
from edgeworker.refusal import Refusal
from old_comparison import difference
from paddle3_runtime import first_words, paddle
from pir_execution import Execution
from pir_program import OPEN, Program
from pir_shapes import TRIED_BATCHES, noise


def check_same(program: Program, folder: Path, written: Path) -> float:
    """How far the outputs of the two programs differ on noise, relative to the largest value of each output.

    `folder` holds the Paddle 3 program, `written` the one in the old format. Raises Refusal where they differ by more
    than rounding, or where Paddle cannot run the written one.
    """
    (feed,) = program.feeds
    shape = feed.results[0].shape
    batches = TRIED_BATCHES[:2] if shape[0] == OPEN else shape[:1]
    images = [{feed.attribute("name"): noise([batch, *shape[1:]])} for batch in batches]
    execution = Execution(folder)
    expected = [execution.run(image) for image in images]
    found = run_old(written, images)
    worst = 0.0
    for before, after in zip(expected, found, strict=True):
        if before.keys() != after.keys():
            raise RuntimeError(f"the written program gives {sorted(after)}, not {sorted(before)}")
        for name, value in before.items():
            worst = max(worst, difference(value, after[name], name))
    return worst


def run_old(folder: Path, images: list[dict[str, np.ndarray]]) -> list[dict[str, np.ndarray]]:
    """The outputs of the old program by name, for each of `images`. Raises Refusal where Paddle cannot run it."""
    from paddle.pir_utils import OldIrGuard

    scope = paddle.static.Scope()
    with OldIrGuard(), paddle.static.scope_guard(scope):
        paddle.enable_static()
        executor = paddle.static.Executor(paddle.CPUPlace())
        try:
            program, _, outputs = paddle.static.load_inference_model(str(folder / "inference"), executor)
            values = [executor.run(program, feed=image, fetch_list=outputs) for image in images]
        # Paddle's checks raise errors of many classes.
        except Exception as error:
            raise Refusal(f"Paddle cannot run what was written of the program: {first_words(error)}") from error
    return [dict(zip((one.name for one in outputs), each, strict=True)) for each in values]
