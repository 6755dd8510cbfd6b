"""A configuration's file as a table, or one sentence that says why it is none."""

from pathlib import Path
from typing import Any

from edgekit.errors import UsageError
from edgekit.untrusted import files
from edgekit.untrusted.values import Unusable
from edgekit.untrusted.yaml_document import LARGEST_BYTES, decode_yaml

WAY_OUT = (
    "Say how photos are prepared with flags or a recipe of your own (--config none --recipe FILE), or name another "
    "configuration (--config FILE)."
)


def read_document(path: Path) -> dict[str, Any]:
    """The table in a YAML file: text, numbers, truth values, lists and tables, dates as text.

    Raises UsageError, in one sentence that names the file, where it is none, is too large, or names objects to build.
    """
    try:
        document = decode_yaml(read_text(path))
    except Unusable as error:
        raise UsageError(f"{path}{str(error).removeprefix('it')}", WAY_OUT) from None
    if not isinstance(document, dict):
        raise UsageError(f"{path} is not a model's configuration: it holds no table", WAY_OUT)
    return document


def read_text(path: Path) -> str:
    """The text of a small file in UTF-8. Raises UsageError where it is large, absent, in another encoding."""
    return files.read_text(path, LARGEST_BYTES, "file", WAY_OUT)
