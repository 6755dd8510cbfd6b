"""The cache's own records: small sealed JSON documents. One that is damaged or of another kind counts as absent."""

import json
import os
import shutil
import stat
import uuid
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from edgekit.files import disk_errors
from edgekit.hashing import data_sha256

T = TypeVar("T")

# Raised when the meaning of any record changes, so that old caches are not misread.
FORMAT = 1
LARGEST_BYTES = 16 << 20


def read_record(path: Path, kind: type[T]) -> T | None:
    """The record of type `kind` in `path`, as `write_record` left it; None for anything else.

    Its seal is over all that it says: a number that was changed into another counts as damage too.
    """
    sealed = parse(read_regular(path))
    if not isinstance(sealed, dict) or sealed.get("format") != FORMAT or sealed.get("kind") != kind.__name__:
        return None
    if sealed.get("sha256") != data_sha256(sealed.get("record")):
        return None
    return converted(sealed.get("record"), kind)


def read_plain(path: Path, kind: type[T]) -> T | None:
    """What a JSON file without a seal says as `kind`; None where it says anything else."""
    return converted(parse(read_regular(path)), kind)


def write_record(path: Path, record: Any) -> None:
    """Write a msgspec struct to `path`, whole or not at all. Raises ConversionError when the disk does not take it."""
    document = msgspec.to_builtins(record)
    sealed = {
        "kind": type(record).__name__,
        "format": FORMAT,
        "sha256": data_sha256(document),
        "record": document,
    }
    write_whole(path, (json.dumps(sealed, indent=1) + "\n").encode())


def write_plain(path: Path, record: Any) -> None:
    """Write a msgspec struct as plain JSON, whole or not at all; for what people and older versions read."""
    write_whole(path, (json.dumps(msgspec.to_builtins(record), indent=1) + "\n").encode())


def write_whole(path: Path, content: bytes) -> None:
    """Write a file of the cache beside its place and rename it. What is no file is cleared from the place."""
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            beside.write_bytes(content)
            clear_folder(path)
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)


def clear_folder(path: Path) -> None:
    """Remove a folder that lies in the place of a file of the cache; a link to one stays, and is replaced as a file."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)


def clear_place(path: Path) -> None:
    """Remove whatever lies in the place of a file of the cache; links are not followed."""
    clear_folder(path)
    path.unlink(missing_ok=True)


def read_regular(path: Path) -> bytes | None:
    """The bytes of a regular file of at most `LARGEST_BYTES`; None where there is none. Pipes and devices are none."""
    try:
        # Without O_NONBLOCK the opening of a pipe would wait for its writer.
        opened = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except OSError:
        return None
    try:
        found = os.fstat(opened)
        if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST_BYTES:
            return None
        with os.fdopen(opened, "rb", closefd=False) as stream:
            return stream.read(LARGEST_BYTES)
    except OSError:
        return None
    finally:
        os.close(opened)


def parse(text: bytes | str | None) -> Any:
    """What a JSON text says; None where it is none."""
    if text is None:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # UnicodeDecodeError is a ValueError
        return None


def converted(document: Any, kind: type[T]) -> T | None:
    """A document as `kind`; None where it is another."""
    try:
        return msgspec.convert(document, kind)
    except (msgspec.ValidationError, RecursionError, OverflowError):
        return None
