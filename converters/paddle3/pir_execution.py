"""Runs a program operator by operator, as it is written: no pass of Paddle Inference rewrites it."""

from pathlib import Path

import numpy as np
from edgeworker.refusal import Refusal
from paddle3_runtime import first_words, paddle
from pir_program import PARAMETERS_FILE, PROGRAM_FILE, read_program


class Execution:
    """The program in a folder, loaded. A session, see `edgeworker.runner`."""

    def __init__(self, folder: Path) -> None:
        paddle.enable_static()
        self._scope = paddle.static.Scope()
        self._executor = paddle.static.Executor(paddle.CPUPlace())
        prefix = folder / Path(PROGRAM_FILE).stem
        assert (folder / PARAMETERS_FILE).is_file()
        with paddle.static.scope_guard(self._scope):
            try:
                self._program, _, _ = paddle.static.load_inference_model(str(prefix), self._executor)
            # Paddle's checks raise errors of many classes.
            except Exception as error:
                raise Refusal(f"Paddle 3 cannot read the program: {first_words(error)}", kind="input") from error
        # The executor gives the values in the order of their columns.
        self._names = [op.attribute("name") for op in read_program(folder / PROGRAM_FILE).fetches]

    def run(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Every output by name."""
        with paddle.static.scope_guard(self._scope):
            # The program has its own operators for that; asking for their values takes time quadratic in their count.
            values = self._executor.run(self._program, feed=inputs, fetch_list=[])
        return dict(zip(self._names, values, strict=True))
