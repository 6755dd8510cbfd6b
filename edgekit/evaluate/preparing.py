"""A process that prepares photos: files' bytes in, tensors in a file that runner and this process share.

    python -m edgekit.evaluate.preparing

The evaluation starts one beside each runner and speaks with it over stdin and stdout: first a `Preparation`, then a
`Piece` of photos after the other, each answered by `Prepared`. It ends when stdin does, so by `kill -9` of the
evaluation too.
"""

import subprocess
import sys
from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING

from msgspec import Struct

from edgekit.errors import ConversionError, EdgekitError
from edgekit.evaluate.messages import receive, send
from edgekit.inputs.preprocessing import Preprocessing

if TYPE_CHECKING:
    import numpy as np


class Preparation(Struct, frozen=True):
    """How photos are prepared: by `preprocessing`, as tensors, or with `levels` as 8 bits; and the shared file.

    The file holds `room` samples.
    """

    preprocessing: Preprocessing
    levels: bool
    path: str
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


class Piece(Struct, frozen=True):
    """Photos, by name and content, and the batch that the last of them fills up."""

    photos: list[tuple[str, bytes]]
    batch: int


class Prepared(Struct, frozen=True):
    """What is wrong with each photo of a piece, or None, and the seconds that decoding took."""

    errors: list[str | None]
    decoding: float


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

    def prepare(self, photos: Sequence[tuple[str, bytes]], batch: int) -> Prepared:
        """Prepare photos, at most as many as there is room for.

        Those that can be read lie in the file one after the other, filled up to whole batches with the last one.
        """
        # A file's name need not be UTF-8, and a message's text must.
        shown = [(name.encode(errors="replace").decode(), content) for name, content in photos]
        self._send(Piece(shown, batch))
        stdout = self._process.stdout
        assert stdout is not None  # as it was started
        try:
            return receive(stdout, Prepared)
        except (EOFError, ValueError):
            names = f"{photos[0][0]} to {photos[-1][0]}" if len(photos) > 1 else photos[0][0]
            raise ConversionError(
                f"the process that prepares photos has ended at {names}",
                "One of them may be made to crash its decoder.",
            ) from None

    def _send(self, message: object) -> None:
        stdin = self._process.stdin
        assert stdin is not None  # as it was started
        try:
            send(stdin, message)
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
        preparation = receive(requests, Preparation)
        file = preparation.file("r+")
        while True:
            try:
                piece = receive(requests, Piece)
            except EOFError:
                return
            send(answers, prepare_into(file, piece, preparation))


def prepare_into(file: "np.ndarray", piece: Piece, preparation: Preparation) -> Prepared:
    """Put the photos that can be read into the file, one after the other."""
    import time

    from edgekit.inputs.images import decode_image
    from edgekit.inputs.prepare import cropped_levels, preprocess

    spec, make = preparation.preprocessing, cropped_levels if preparation.levels else preprocess
    errors: list[str | None] = []
    filled, decoding = 0, 0.0
    for name, content in piece.photos:
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
        file[filled : filled + (-filled % piece.batch)] = file[filled - 1]
    return Prepared(errors, decoding)


if __name__ == "__main__":
    serve()
