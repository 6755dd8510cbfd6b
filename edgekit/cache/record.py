"""The cache's own records: small sealed JSON documents. One that is damaged or of another kind counts as absent."""

import json
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from edgekit.errors import UsageError
from edgekit.filesystem.hashing import data_sha256
from edgekit.filesystem.writing import disk_errors
from edgekit.untrusted.files import read_bytes
from edgekit.untrusted.json_document import plain_json
from edgekit.untrusted.values import Unusable

T = TypeVar("T")

# Raised when the meaning of any record changes, so that old caches are not misread.
FORMAT = 1
LARGEST_BYTES = 16 << 20


def read_record(path: Path, kind: type[T]) -> T | None:
    """The record of type `kind` in `path`, as `write_record` left it; None for anything else.

    Its seal is over all that it says: a number that was changed into another counts as damage too.
    """
    return unsealed(content_of(path), kind)


def read_plain(path: Path, kind: type[T]) -> T | None:
    """What a JSON file without a seal says as `kind`; None where it says anything else."""
    return converted(parsed(content_of(path)), kind)


def write_record(path: Path, record: Any) -> None:
    """Write a msgspec struct to `path`, whole or not at all. Raises ConversionError when the disk does not take it."""
    write_whole(path, sealed(record))


def write_plain(path: Path, record: Any) -> None:
    """Write a msgspec struct as plain JSON, whole or not at all; for what people and older versions read."""
    write_whole(path, (json.dumps(msgspec.to_builtins(record), indent=1) + "\n").encode())


def sealed(record: Any) -> bytes:
    """What `write_record` writes for a msgspec struct."""
    document = msgspec.to_builtins(record)
    seal = {
        "kind": type(record).__name__,
        "format": FORMAT,
        "sha256": data_sha256(document),
        "record": document,
    }
    return (json.dumps(seal, indent=1) + "\n").encode()


def unsealed(content: bytes, kind: type[T]) -> T | None:
    """The record of type `kind` that `sealed` made into these bytes; None for anything else."""
    seal = parsed(content)
    if not isinstance(seal, dict) or seal.get("format") != FORMAT or seal.get("kind") != kind.__name__:
        return None
    if seal.get("sha256") != data_sha256(seal.get("record")):
        return None
    return converted(seal.get("record"), kind)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file of the cache with this content, as `placed` does."""
    with placed(path) as beside:
        beside.write_bytes(content)


@contextmanager
def placed(path: Path) -> Iterator[Path]:
    """Where the block writes a file of the cache that is then renamed to `path`, from which a folder is cleared.

    All of the cache is edgekit's. Among the user's files `edgekit.filesystem.owned` writes, and clears nothing. Raises
    ConversionError when the disk does not take it.
    """
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield beside
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


def content_of(path: Path) -> bytes:
    """The bytes of a file of the cache; none where there is no file, or too large a one."""
    try:
        return read_bytes(path, LARGEST_BYTES)
    except UsageError:
        return b""


def parsed(content: bytes) -> Any:
    """What JSON says; None where it is none."""
    try:
        return plain_json(content)
    except Unusable:
        return None


def converted(document: Any, kind: type[T]) -> T | None:
    """A document as `kind`; None where it is another."""
    try:
        return msgspec.convert(document, kind)
    except (ValueError, TypeError, OverflowError, RecursionError):  # a msgspec.ValidationError is a ValueError
        return None
