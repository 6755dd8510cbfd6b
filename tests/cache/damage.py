"""The ways in which a record can be no record."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any


def empty(path: Path) -> None:
    path.write_bytes(b"")


def truncated(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2] or b"{")


def no_utf8(path: Path) -> None:
    path.write_bytes(b'{"url": "\xff\xfe\x80"}')


def a_list(path: Path) -> None:
    path.write_text("[]")


def an_object(path: Path) -> None:
    path.write_text("{}")


def null(path: Path) -> None:
    path.write_text("null")


def a_number(path: Path) -> None:
    path.write_text("17")


def a_huge_number(path: Path) -> None:
    path.write_text("9" * 10_000)


def nested_deep(path: Path) -> None:
    path.write_text("[" * 100_000)


def wrong_types(path: Path) -> None:
    """The same document with a list in the place of every text and number."""
    path.write_text(json.dumps(with_lists(document_in(path))))


def other_version(path: Path) -> None:
    """The same document, as a later edgekit might write it."""
    document = document_in(path)
    path.write_text(json.dumps({"record": document, "schema": 999, "kind": "Other", "format": 999}))


def a_folder(path: Path) -> None:
    path.unlink()
    (path / "inside").mkdir(parents=True)


def a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def document_in(path: Path) -> Any:
    """The JSON in a file, or something in its place."""
    try:
        return json.loads(path.read_bytes())
    except ValueError:
        return {"time": 1.5, "message": "text", "url": "text"}


def with_lists(document: Any) -> Any:
    """A document with its structure and nothing that is right in it."""
    if isinstance(document, dict):
        return {name: with_lists(value) for name, value in document.items()}
    return [document]


WAYS: list[Callable[[Path], None]] = [
    empty, truncated, no_utf8, a_list, an_object, null, a_number, a_huge_number, nested_deep, wrong_types,
    other_version, a_folder, a_pipe,
]  # fmt: skip
