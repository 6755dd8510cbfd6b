"""A request's body as it comes in: each part is copied once, while the processor has it at hand."""

import numpy as np

BODY = "edgekit.body"
"""Where a request's scope has its `Body`: what ASGI's events carry of it is nothing."""


class Body:
    """What has come so far, `size` bytes. Of those that are `announced` each has its place; others are put behind."""

    def __init__(self, announced: int) -> None:
        # numpy's memory is not filled with zeros before.
        self._place, self._rest = np.empty(announced, np.uint8).data, bytearray()
        self.size = 0

    def add(self, part: bytes) -> None:
        """Another part. Raises ValueError where more comes than was announced."""
        end = self.size + len(part)
        if len(self._place):
            self._place[self.size : end] = part
        else:
            self._rest += part
        self.size = end

    def content(self) -> memoryview:
        """The whole of it."""
        return self._place[: self.size] if len(self._place) else memoryview(self._rest)

    def __bytes__(self) -> bytes:
        return b""  # uvicorn asks for nothing else
