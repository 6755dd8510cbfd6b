"""FlatBuffers tables read into plain values by a schema, and written again.

A schema names each table's fields in their order as (name, kind). Kinds: a `struct` letter for a scalar ("i", "q",
"f", "d", "?"), "text", the name of a table, and any of these in a list of one for a vector; a vector of a numpy type
("<f4") is an array, which is read as a view of the buffer; a tuple of names is a union, one of these tables as the
field before it says, counted from 1. A field that is absent stays absent, so defaults need not be known.
"""

import struct
from typing import Any

from edgeworker.flat_reader import Damaged, Table

Kind = str | list[str] | tuple[str, ...]
Schema = dict[str, list[tuple[str, Kind]]]
Value = dict[str, Any]


def read_table(schema: Schema, name: str, table: Table, *, strict: bool = False) -> Value:
    """The fields of a table that are there, by name.

    Raises Damaged where an offset leaves the buffer, for a union's table that the schema does not have, and, where it
    is `strict`, for a field that it does not have.
    """
    found: Value = {}
    if strict and (unknown := [number for number in table.fields() if number >= len(schema[name])]):
        raise Damaged(f"a table {name} has a field {unknown[0]}, which is not known")
    for number, (field, kind) in enumerate(schema[name]):
        if isinstance(kind, tuple):
            kind = _chosen(schema, kind, table.scalar(number - 1, "B", 0))
        if isinstance(kind, str) and len(kind) == 1:
            value = table.scalar(number, kind, None)
        elif table.scalar(number, "I", None) is None:
            value = None
        elif kind == "text":
            value = table.text(number)
        elif isinstance(kind, str):
            inner = table.table(number)
            value = None if inner is None else read_table(schema, kind, inner, strict=strict)
        elif kind == ["text"]:
            value = table.texts(number)
        elif len(kind[0]) == 1:
            value = table.numbers(number, kind[0])
        elif kind[0].startswith("<"):
            value = table.array(number, kind[0])
        else:
            value = [read_table(schema, kind[0], inner, strict=strict) for inner in table.tables(number)]
        if value is not None:
            found[field] = value
    return found


def _chosen(schema: Schema, union: tuple[str, ...], number: int) -> str:
    """The table of a union that is there; any where there is none."""
    if not 0 <= number <= len(union) or (number and union[number - 1] not in schema):
        name = union[number - 1] if number <= len(union) else f"number {number}"
        raise Damaged(f"the layout of {name} is not known")
    return union[number - 1] if number else next(name for name in union if name in schema)


def write_root(schema: Schema, name: str, value: Value) -> bytes:
    """A buffer whose root is the table `value`."""
    writer = _Writer(schema)
    writer.buffer += bytes(4)
    struct.pack_into("<I", writer.buffer, 0, writer.table(name, value))
    writer.align(8)
    return bytes(writer.buffer)


class _Writer:
    """Parents first, since offsets point forward; what a parent points to is written after it."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.buffer = bytearray()

    def align(self, size: int, ahead: int = 0) -> None:
        """Pad so that what comes `ahead` bytes from here lies at a multiple of `size`."""
        self.buffer += bytes(-(len(self.buffer) + ahead) % size)

    def table(self, name: str, value: Value) -> int:
        """Write a table; returns its position."""
        fields = self.schema[name]
        places, size = [0] * len(fields), 4
        for number, (field, kind) in enumerate(fields):
            if field in value:
                width = _width(kind)
                size += -size % width
                places[number] = size
                size += width
        vtable = struct.pack(f"<HH{len(places)}H", 4 + 2 * len(places), size, *places)
        self.align(8, len(vtable))
        start = len(self.buffer)
        self.buffer += vtable
        position = len(self.buffer)
        self.buffer += bytes(size)
        struct.pack_into("<i", self.buffer, position, position - start)
        for number, (place, (field, kind)) in enumerate(zip(places, fields, strict=True)):
            if field in value:
                at = position + place
                if isinstance(kind, str) and len(kind) == 1:
                    struct.pack_into("<" + kind, self.buffer, at, value[field])
                else:
                    if isinstance(kind, tuple):
                        kind = kind[value[fields[number - 1][0]] - 1]
                    self.point(at, self.item(kind, value[field]))
        return position

    def item(self, kind: Kind, value: Any) -> int:
        """Write a string, table or vector; returns its position."""
        if kind == "text":
            text = value.encode()
            self.align(4)
            position = len(self.buffer)
            self.buffer += struct.pack("<I", len(text)) + text + b"\0"
            return position
        if isinstance(kind, str):
            return self.table(kind, value)
        inner = kind[0]
        if len(inner) == 1:
            width = _width(inner)
            self.align(max(4, width), 4)
            position = len(self.buffer)
            self.buffer += struct.pack(f"<I{len(value)}{inner}", len(value), *value)
            return position
        if inner.startswith("<"):
            self.align(max(4, value.dtype.itemsize), 4)
            position = len(self.buffer)
            self.buffer += struct.pack("<I", value.size) + value.tobytes()
            return position
        self.align(4)
        position = len(self.buffer)
        self.buffer += struct.pack("<I", len(value)) + bytes(4 * len(value))
        for number, entry in enumerate(value):
            self.point(position + 4 + 4 * number, self.item(inner, entry))
        return position

    def point(self, at: int, target: int) -> None:
        """Let the offset at `at` lead to `target`."""
        struct.pack_into("<I", self.buffer, at, target - at)


def _width(kind: Kind) -> int:
    return struct.calcsize("<" + kind) if isinstance(kind, str) and len(kind) == 1 else 4
