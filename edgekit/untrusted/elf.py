"""What a compiled library says of itself: for which processor it is, and which libraries it needs.

The format: System V Application Binary Interface, chapters 4 and 5 (ELF); an archive is a list of object files, with 60
bytes before each (ar).
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from edgekit.errors import UsageError
from edgekit.untrusted.files import open_regular
from edgekit.untrusted.values import Unusable

# e_machine and the width of addresses, by the names that edgekit has for architectures.
ARCHITECTURES = {(183, 64): "aarch64", (40, 32): "armv7", (62, 64): "x86_64", (3, 32): "x86"}
_LITTLE_ENDIAN, _SHARED_OBJECT, _LOAD, _DYNAMIC, _NEEDED, _STRING_TABLE = 1, 3, 1, 2, 1, 5
_MOST_SEGMENTS, _MOST_ENTRIES, _MOST_MEMBERS, _LONGEST_NAME = 256, 4096, 1 << 16, 4096


@dataclass(frozen=True)
class Library:
    """`architecture` by name ("machine 8, 32 bits" where edgekit has none); `needed` libraries of a `shared` one."""

    architecture: str
    shared: bool
    needed: tuple[str, ...] = ()


def read_library(path: Path) -> Library:
    """Of a shared library, or of an archive by its first object file. Raises UsageError for anything else."""
    with open_regular(path, "library") as stream:
        try:
            start = stream.read(8)
            if start == b"!<arch>\n":
                return _archive(stream)
            stream.seek(0)
            return _elf(stream, 0)
        except (Unusable, OSError) as error:
            raise UsageError(f"{path} is not a whole library ({error})", "Unpack it again.") from None


def _archive(stream: BinaryIO) -> Library:
    """The first member that is an object file; others are lists of names."""
    for _ in range(_MOST_MEMBERS):
        header = stream.read(60)
        if len(header) < 60 or header[58:] != b"`\n":
            break
        digits = header[48:58].strip()
        if not digits.isdigit():
            break
        start, size = stream.tell(), int(digits)
        if stream.read(4) == b"\x7fELF":
            return _elf(stream, start)
        stream.seek(start + size + size % 2)
    raise Unusable("no object file is in it")


def _elf(stream: BinaryIO, start: int) -> Library:
    identification = _part(stream, start, 20)
    if identification[:4] != b"\x7fELF" or identification[4] not in (1, 2):
        raise Unusable("it does not begin as one")
    if identification[5] != _LITTLE_ENDIAN:
        raise Unusable("it is for a big-endian processor")
    bits = 32 * identification[4]
    kind, machine = struct.unpack("<HH", identification[16:20])
    architecture = ARCHITECTURES.get((machine, bits), f"machine {machine}, {bits} bits")
    if kind != _SHARED_OBJECT or start:
        return Library(architecture, shared=False)
    return Library(architecture, True, _needed(stream, bits))


def _needed(stream: BinaryIO, bits: int) -> tuple[str, ...]:
    """The names of the libraries that a shared one needs, from its dynamic section."""
    wide = bits == 64
    header = _part(stream, 0, 64 if wide else 52)
    (offset,) = struct.unpack_from("<Q" if wide else "<I", header, 32 if wide else 28)
    size, count = struct.unpack_from("<HH", header, 54 if wide else 42)
    if count > _MOST_SEGMENTS or size < (56 if wide else 32):
        raise Unusable("its table of segments is damaged")
    loaded: list[tuple[int, int, int]] = []
    dynamic: tuple[int, int] | None = None
    for number in range(count):
        entry = _part(stream, offset + number * size, size)
        kind, place, address, length = struct.unpack_from("<I4xQQ8xQ" if wide else "<III4xI", entry, 0)
        if kind == _LOAD:
            loaded.append((address, length, place))
        elif kind == _DYNAMIC:
            dynamic = (place, length)
    if dynamic is None:
        return ()
    each = 16 if wide else 8
    entries = [
        struct.unpack("<qQ" if wide else "<iI", _part(stream, dynamic[0] + number * each, each))
        for number in range(min(dynamic[1] // each, _MOST_ENTRIES))
    ]
    tables = [value for tag, value in entries if tag == _STRING_TABLE]
    names = [value for tag, value in entries if tag == _NEEDED]
    if names and len(tables) != 1:
        raise Unusable("it names libraries and has no table of names")
    return tuple(_text(stream, _place_of(tables[0], loaded) + name) for name in names)


def _place_of(address: int, loaded: list[tuple[int, int, int]]) -> int:
    """Where in the file an address is."""
    for first, length, place in loaded:
        if first <= address < first + length:
            return place + address - first
    raise Unusable("its table of names lies outside of it")


def _text(stream: BinaryIO, place: int) -> str:
    stream.seek(_seekable(place))
    text, end, _ = stream.read(_LONGEST_NAME).partition(b"\0")
    if not end:
        raise Unusable("a name in it does not end")
    return text.decode("utf-8", "replace")


def _part(stream: BinaryIO, place: int, size: int) -> bytes:
    stream.seek(_seekable(place))
    part = stream.read(size)
    if len(part) != size:
        raise Unusable("it ends too early")
    return part


def _seekable(place: int) -> int:
    if not 0 <= place < 1 << 62:
        raise Unusable("it points outside of itself")
    return place
