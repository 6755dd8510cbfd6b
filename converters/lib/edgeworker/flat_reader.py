"""The part of FlatBuffers that `.nb` and `.tflite` files need: tables, strings and vectors, every access bounded.

Written after the format's own description (flatbuffers.dev, "FlatBuffer Internals"): a buffer starts with
the offset of its root table; a table starts with the distance back to its vtable; the vtable lists where
each field lies, 0 for a field left at its default; strings, vectors and sub-tables are reached by unsigned
forward offsets.
"""

import struct
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np


class Damaged(ValueError):
    """The bytes do not fit the format: an offset leaves the buffer, or text is not UTF-8."""


def unpack(layout: str, buffer: memoryview, position: int) -> Any:
    """The little-endian value of `struct` layout `layout` at `position`; raises Damaged outside."""
    if position < 0 or position + struct.calcsize(layout) > len(buffer):
        raise Damaged(f"offset {position} lies outside its {len(buffer)} bytes")
    return struct.unpack_from("<" + layout, buffer, position)[0]


class Table:
    """A table at `position` in `buffer`. Fields are numbered as in the schema; a union takes two numbers.

    `seen` collects where what was read lies, start and end in the buffer, for whoever asks what else is in it.
    """

    def __init__(self, buffer: memoryview, position: int, seen: set[tuple[int, int]] | None = None) -> None:
        self._buffer = buffer
        self._position = position
        self._vtable = position - unpack("i", buffer, position)
        self._vtable_bytes = unpack("H", buffer, self._vtable)
        self._seen = seen
        self._mark(self._vtable, self._vtable_bytes)
        if seen is not None:
            self._mark(position, unpack("H", buffer, self._vtable + 2))

    @classmethod
    def root(cls, buffer: memoryview, seen: set[tuple[int, int]] | None = None) -> "Table":
        """The buffer's root table."""
        return cls(buffer, unpack("I", buffer, 0), seen)

    def _mark(self, start: int, size: int) -> None:
        if self._seen is not None:
            self._seen.add((start, start + size))

    def fields(self) -> list[int]:
        """The numbers of the fields that are there."""
        return [number for number in range((self._vtable_bytes - 4) // 2) if self._at(number) is not None]

    def _at(self, field: int) -> int | None:
        slot = 4 + 2 * field
        if slot >= self._vtable_bytes:
            return None
        offset = unpack("H", self._buffer, self._vtable + slot)
        return self._position + offset if offset else None

    def _target(self, field: int) -> int | None:
        at = self._at(field)
        return None if at is None else at + unpack("I", self._buffer, at)

    def scalar(self, field: int, layout: str, default: Any = 0) -> Any:
        """A number or bool, of `struct` layout `layout` ("i", "q", "f", "d", "?")."""
        at = self._at(field)
        return default if at is None else unpack(layout, self._buffer, at)

    def text(self, field: int) -> str:
        """A string; "" where the field is absent."""
        target = self._target(field)
        return "" if target is None else self._text(target)

    def table(self, field: int) -> "Table | None":
        """A sub-table, or None."""
        target = self._target(field)
        return None if target is None else Table(self._buffer, target, self._seen)

    def tables(self, field: int) -> "Iterator[Table]":
        """A vector of sub-tables."""
        return self._vector(field, lambda target: Table(self._buffer, target, self._seen))

    def texts(self, field: int) -> list[str]:
        """A vector of strings."""
        return list(self._vector(field, self._text))

    def _vector(self, field: int, read: Callable[[int], Any]) -> Iterator[Any]:
        start, count = self.vector_place(field, 4)
        for position in range(start, start + 4 * count, 4):
            yield read(position + unpack("I", self._buffer, position))

    def numbers(self, field: int, layout: str) -> list[Any]:
        """A vector of scalars of `struct` layout `layout`."""
        start, count = self.vector_place(field, struct.calcsize("<" + layout))
        return list(struct.unpack_from(f"<{count}{layout}", self._buffer, start))

    def array(self, field: int, dtype: str) -> np.ndarray:
        """A vector of numbers of a numpy type, as a view of the buffer."""
        start, count = self.vector_place(field, np.dtype(dtype).itemsize)
        return np.frombuffer(self._buffer, dtype, count, start)

    def vector_place(self, field: int, item_bytes: int) -> tuple[int, int]:
        """Where the elements of a vector start, and how many there are; (0, 0) where it is absent."""
        target = self._target(field)
        if target is None:
            return 0, 0
        count = unpack("I", self._buffer, target)
        if target + 4 + count * item_bytes > len(self._buffer):
            raise Damaged(f"a vector of {count} elements leaves the buffer of {len(self._buffer)} bytes")
        self._mark(target, 4 + count * item_bytes)
        return target + 4, count

    def _text(self, target: int) -> str:
        text = _text(self._buffer, target)
        self._mark(target, 4 + unpack("I", self._buffer, target) + 1)  # a zero ends it
        return text


def _text(buffer: memoryview, target: int) -> str:
    length = unpack("I", buffer, target)
    if target + 4 + length > len(buffer):
        raise Damaged(f"a string of {length} bytes leaves the buffer of {len(buffer)} bytes")
    try:
        return bytes(buffer[target + 4 : target + 4 + length]).decode()
    except UnicodeDecodeError as error:
        raise Damaged("a string is not UTF-8") from error
