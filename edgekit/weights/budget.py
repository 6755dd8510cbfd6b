"""How much may be made of a file: a few bytes that refer to one large value again and again are no weights."""

import os
from typing import BinaryIO

from edgekit.weights.pickle_machine import Refused

SLACK = 4
"""Times its own size that a file may become in memory: text becomes bytes, float16 float32, orders are changed."""
FREE = 1 << 20


class Budget:
    """Counts bytes that are made while a file of `size` bytes is read."""

    def __init__(self, size: int) -> None:
        self.left = SLACK * size + FREE

    def take(self, count: int) -> None:
        """Count bytes before they are made. Raises Refused where a file asks for many times its own size."""
        self.left -= count
        if self.left < 0:
            raise Refused(f"asks for more than {SLACK} times its own size in memory")


class Bounded:
    """A file for pickletools, which reads no more than there is, however long a value claims to be."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = os.fstat(file.fileno()).st_size
        self.tell = file.tell

    def read(self, count: int) -> bytes:
        """At most `count` bytes; no memory is taken for those that are not there."""
        return self._file.read(min(count, self.size))

    def readline(self) -> bytes:
        """A line."""
        return self._file.readline()
