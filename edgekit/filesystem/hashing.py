"""Content hashes of files and of plain data."""

import hashlib
import json
from pathlib import Path
from typing import Any

from edgekit.untrusted.files import open_regular


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hex. Raises UsageError where it is no regular file that can be read."""
    with open_regular(path) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def data_sha256(data: Any) -> str:
    """The SHA-256 of plain JSON data, independent of the order of its keys, in hex."""
    canonical = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()
