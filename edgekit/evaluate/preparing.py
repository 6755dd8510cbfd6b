"""A process that prepares photos: files' bytes in, tensors in a file that runner and this process share.

    python -m edgekit.evaluate.preparing

The evaluation starts one beside each runner and speaks with it in pickles over stdin and stdout: first a `Preparation`,
then pieces of photos, each answered with what is wrong with every photo of it, or None, and the time that decoding took.
It ends when stdin does, so by `kill -9` of the evaluation too.
"""

import pickle
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

from edgekit.errors import ConversionError, EdgekitError

if TYPE_CHECKING:
    import numpy as np

    from edgekit.inputs.preprocessing import Preprocessing


@dataclass(frozen=True)
class Preparation:
    """How photos are prepared: by `preprocessing`, as tensors, or with `levels` as 8 bits; and the shared file.

    The file holds `room` samples.
    """

    preprocessing: "Preprocessing"
    levels: bool
    path: Path
    room: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one sample."""
        size, channels = self.preprocessing.input_size, self.preprocessing.channels
        return (*size, channels) if self.levels else (channels, *size)

    @property
    def sample_bytes(self) -> int:
        """Of one sample."""
        return prod(self.shape) * (1 if self.levels else 4)

    def file(self, mode: str) -> "np.ndarray":
        """The shared file as an array, [room, ...]."""
        import numpy as np

        dtype = np.uint8 if self.levels else np.float32
        if mode == "w+":
            return np.lib.format.open_memmap(self.path, mode="w+", dtype=dtype, shape=(self.room, *self.shape))
        return np.load(self.path, mmap_mode="r+")


class Preparer:
    """The process, from the side of the evaluation. Raises ConversionError where it crashes."""

    def __init__(self, preparation: Preparation) -> None:
        preparation.file("w+")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "edgekit.evaluate.preparing"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is the evaluation's
        )
        self._send(preparation)

    def prepare(self, photos: Sequence[tuple[str, bytes]], batch: int) -> tuple[list[str | None], float]:
        """Prepare photos, at most as many as there is room for; what is wrong with each, or None, and the seconds that
        decoding took.

        Those that can be read lie in the file one after the other, filled up to whole batches with the last one.
        """
        self._send((list(photos), batch))
        try:
            return pickle.load(self._process.stdout)  # type: ignore[arg-type]
        except (EOFError, pickle.UnpicklingError):
            names = f"{photos[0][0]} to {photos[-1][0]}" if len(photos) > 1 else photos[0][0]
            raise ConversionError(
                f"the process that prepares photos has ended at {names}",
                "One of them may be made to crash its decoder.",
            ) from None

    def _send(self, message: object) -> None:
        stdin = self._process.stdin
        assert stdin is not None  # as it was started
        try:
            pickle.dump(message, stdin, protocol=pickle.HIGHEST_PROTOCOL)
            stdin.flush()
        except (BrokenPipeError, ValueError):
            raise ConversionError("the process that prepares photos has ended") from None

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()


def serve() -> None:
    """Prepare photos until stdin ends."""
    import os

    requests = sys.stdin.buffer
    # Whatever a decoder prints must not get between the answers.
    with os.fdopen(os.dup(1), "wb") as answers:
        os.dup2(2, 1)
        preparation: Preparation = pickle.load(requests)
        file = preparation.file("r+")
        while True:
            try:
                photos, batch = pickle.load(requests)
            except EOFError:
                return
            pickle.dump(prepare_into(file, photos, batch, preparation), answers)
            answers.flush()


def prepare_into(
    file: "np.ndarray", photos: Sequence[tuple[str, bytes]], batch: int, preparation: Preparation
) -> tuple[list[str | None], float]:
    """Put the photos that can be read into the file, one after the other; what is wrong with each, and the seconds that
    decoding took."""
    import time

    from edgekit.inputs.images import decode_image
    from edgekit.inputs.prepare import cropped_levels, preprocess

    spec, make = preparation.preprocessing, cropped_levels if preparation.levels else preprocess
    errors: list[str | None] = []
    filled, decoding = 0, 0.0
    for name, content in photos:
        began = time.perf_counter()
        try:
            image = decode_image(content, name, alpha=spec.has_alpha)
            decoding += time.perf_counter() - began
            file[filled] = make(image, spec)
        except EdgekitError as error:
            errors.append(error.message)
            continue
        errors.append(None)
        filled += 1
    if filled:
        file[filled : filled + (-filled % batch)] = file[filled - 1]
    return errors, decoding


if __name__ == "__main__":
    # Pickles name the module, not the program.
    from edgekit.evaluate.preparing import serve as serve_as_module

    serve_as_module()
