"""The official weights of a model: downloaded once, their hash recorded then and checked ever after."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.parse import urlsplit

from edgekit.errors import AbsentError, EdgekitError, UsageError
from edgekit.files import disk_errors
from edgekit.remembered import read_json, remembered_sha256, write_json
from edgekit.weights.download import Progress, download

if TYPE_CHECKING:
    from edgekit.catalog.model import Model

# In `auto`, a host that could not be reached is not tried again for so long.
RETRY_SECONDS = 600


def cached_official(model: Model, cache: Path) -> tuple[Path, str] | None:
    """Return the downloaded `.pdparams` and its SHA-256, or None when there is none.

    Raises UsageError when the file is no longer the one that was downloaded.
    """
    path = _path(model, cache)
    record = read_json(_record(path))
    if not path.is_file() or record.get("url") != model.official_url:
        return None
    found = remembered_sha256(path, cache)
    if found != record.get("sha256"):
        raise UsageError(
            f"{path} is not what was downloaded: its SHA-256 is {found}, recorded is {record.get('sha256')}",
            "Delete it to have it downloaded again",
        )
    return path, found


def download_official(model: Model, cache: Path, progress: Progress | None = None) -> tuple[Path, str]:
    """Return the official `.pdparams` and its SHA-256, downloaded if need be.

    Two processes share one download. Raises AbsentError (network, server), ConversionError (disk),
    UsageError (a cached file that has changed).
    """
    from filelock import FileLock

    path = _path(model, cache)
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path.with_name(path.name + ".lock"))
    with lock:
        if cached := cached_official(model, cache):
            return cached
        try:
            download(str(model.official_url), path, lambda part: _check(part, model), progress)
        except AbsentError as error:
            # A server that cannot be reached has none of the files; one that answers may lack only this one.
            answered = isinstance(error.__cause__, HTTPError | EdgekitError)
            failure = _failures(model, cache)[0 if answered else 1]
            write_json(failure, {"time": time.time(), "message": error.message})
            raise
        digest = remembered_sha256(path, cache)
        write_json(
            _record(path),
            {
                "model": model.name,
                "url": model.official_url,
                "sha256": digest,
                "bytes": path.stat().st_size,
                "downloaded": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            },
        )
        with disk_errors(path):
            for failure in _failures(model, cache):
                failure.unlink(missing_ok=True)
        return path, digest


def recent_failure(model: Model, cache: Path) -> str | None:
    """Return why the download failed in the last minutes, or None when it is worth trying."""
    for path in _failures(model, cache):
        failure = read_json(path)
        age = time.time() - failure.get("time", 0)
        if 0 <= age < RETRY_SECONDS:
            return f"{failure.get('message')}; tried {int(age // 60)} min ago"
    return None


def _path(model: Model, cache: Path) -> Path:
    return cache / "weights" / "official" / f"{model.name}.pdparams"


def _record(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def _failures(model: Model, cache: Path) -> tuple[Path, Path]:
    """Where a failure is remembered: of this one file, and of the whole host."""
    folder = cache / "weights" / "official"
    host = urlsplit(str(model.official_url)).hostname or "unknown"
    return folder / f"{model.name}.failed.json", folder / f"{host}.failed.json"


def _check(part: Path, model: Model) -> None:
    """Refuse what is not weights: some networks answer every address with a page of their own."""
    from edgekit.weights.pdparams import read_pdparams

    try:
        read_pdparams(part)
    except UsageError as error:
        why = error.message.removeprefix(str(part)).strip()
        raise AbsentError(
            f"what {model.official_url} delivered is not {model.name}'s weights (it {why})",
            "Check the network's proxy, or give a file with --weights",
        ) from error
