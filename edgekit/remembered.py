"""SHA-256 of files, remembered by what `stat` says of them: a second look at a large file costs nothing."""

import json
import time
import uuid
from pathlib import Path

from edgekit.files import disk_errors
from edgekit.hashing import data_sha256, file_sha256
from edgekit.untrusted.files import resolved

# A file changed within the clock's grain after it was hashed would look unchanged: young ones are not kept.
_SETTLED_NS = 2_000_000_000


def remembered_sha256(path: Path, cache: Path) -> str:
    """Return the SHA-256 of a file's bytes in hex; `cache` is edgekit's cache folder.

    The file is read again only when its path, size, modification time or inode has changed.
    """
    path = resolved(path)
    record = cache / "hashes" / f"{data_sha256(str(path))[:32]}.json"
    before = _identity(path)
    known = read_json(record)
    if known.get("identity") == before and isinstance(known.get("sha256"), str):
        return known["sha256"]
    digest = file_sha256(path)
    if _identity(path) == before and time.time_ns() - before[1] > _SETTLED_NS:
        write_json(record, {"path": str(path), "identity": before, "sha256": digest})
    return digest


def _identity(path: Path) -> list[int]:
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns, stat.st_ino, stat.st_dev]


def read_json(path: Path) -> dict:
    """Return the JSON table in `path`, empty where there is none or it is damaged: it can be made again."""
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return table if isinstance(table, dict) else {}


def write_json(path: Path, table: dict) -> None:
    """Write `table` to `path` atomically. Raises ConversionError when the disk does not take it."""
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            beside.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
