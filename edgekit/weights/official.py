"""The official weights of a model: downloaded once, their hash recorded then and checked ever after."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.parse import urlsplit

from msgspec import Struct

from edgekit.cache.kept import Notify
from edgekit.cache.lock import locked
from edgekit.cache.record import clear_place, read_plain, write_plain
from edgekit.errors import AbsentError, EdgekitError, UsageError
from edgekit.filesystem.hashes_by_stat import remembered_sha256
from edgekit.filesystem.writing import disk_errors
from edgekit.weights.download import Progress, download

if TYPE_CHECKING:
    from edgekit.catalog.model import Model

# In `auto`, a host that could not be reached is not tried again for so long.
RETRY_SECONDS = 600


class Downloaded(Struct, frozen=True):
    """What `<model>.pdparams.json` says of the file: where it is from, the SHA-256 and size of what came, and when."""

    url: str
    sha256: str
    model: str = ""
    bytes: int = 0
    downloaded: str = ""


class Failure(Struct, frozen=True):
    """A download that failed: when, in seconds since 1970, and why."""

    time: float
    message: str


def cached_official(model: Model, cache: Path, notify: Notify = lambda _: None) -> tuple[Path, str] | None:
    """Return the downloaded `.pdparams` and its SHA-256, or None when there is none.

    A file that is no longer the one that was downloaded is none; `notify` is told.
    """
    path = _path(model, cache)
    record = read_plain(_record(path), Downloaded)
    if not path.is_file() or record is None or record.url != model.official_url:
        return None
    found = remembered_sha256(path, cache)
    if found != record.sha256:
        notify(
            f"{path} is not what was downloaded, and is not used: its SHA-256 is {found[:12]}…, recorded is "
            f"{record.sha256[:12]}…"
        )
        return None
    return path, found


def download_official(model: Model, cache: Path, progress: Progress | None = None) -> tuple[Path, str]:
    """Return the official `.pdparams` and its SHA-256, downloaded if need be.

    Two processes share one download. Raises AbsentError (network, server), ConversionError (disk).
    """
    path = _path(model, cache)
    with locked(path.with_name(path.name + ".lock")):
        if cached := cached_official(model, cache):
            return cached
        try:
            download(str(model.official_url), path, lambda part: _check(part, model), progress)
        except AbsentError as error:
            # A server that cannot be reached has none of the files; one that answers may lack only this one.
            answered = isinstance(error.__cause__, HTTPError | EdgekitError)
            failure = _failures(model, cache)[0 if answered else 1]
            write_plain(failure, Failure(time.time(), error.message))
            raise
        digest = remembered_sha256(path, cache)
        made = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        size = path.stat().st_size
        write_plain(_record(path), Downloaded(str(model.official_url), digest, model.name, size, made))
        with disk_errors(path):
            for failure in _failures(model, cache):
                clear_place(failure)
        return path, digest


def recent_failure(model: Model, cache: Path) -> str | None:
    """Return why the download failed in the last minutes, or None when it is worth trying."""
    for path in _failures(model, cache):
        failure = read_plain(path, Failure)
        if failure is not None and 0 <= (age := time.time() - failure.time) < RETRY_SECONDS:
            return f"{failure.message}; tried {int(age // 60)} min ago"
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
