"""One resumable download: into a `.part` file, continued where it was cut off, renamed when whole."""

import errno
import http.client
import re
import shutil
import urllib.error
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from msgspec import Struct

from edgekit.cache.record import clear_folder, clear_place, read_plain, write_plain
from edgekit.errors import AbsentError, ConversionError
from edgekit.filesystem.writing import disk_errors
from edgekit.untrusted.wording import harmless
from edgekit.weights.http import open_url, whole_number

Progress = Callable[[int, int | None], None]
"""Called with the bytes held so far and the total, None where the server does not tell it."""

SCHEMES = ("https",)
_BLOCK = 1 << 18
_ATTEMPTS_WITHOUT_PROGRESS = 2

_OFFLINE = "Check the network, or give a file with --weights"


class _Known(Struct, frozen=True):
    """What `<target>.part.json` says of a download that was cut off."""

    url: str
    validator: str | None = None
    total: int | None = None


@dataclass
class _Part:
    """The file being filled, and what is known of the whole."""

    path: Path
    url: str
    validator: str | None = None  # ETag or date: what proves that the server still has the same file
    total: int | None = None

    @property
    def record(self) -> Path:
        return self.path.with_name(self.path.name + ".json")

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def load(self) -> None:
        known = read_plain(self.record, _Known)
        if known is None or known.url != self.url or self.path.is_dir():
            self.drop()
            return
        self.validator, self.total = known.validator, known.total

    def save(self) -> None:
        write_plain(self.record, _Known(self.url, self.validator, self.total))

    def drop(self) -> None:
        for place in (self.path, self.record):
            clear_place(place)
        self.validator = self.total = None


def download(url: str, target: Path, check: Callable[[Path], None], progress: Progress | None = None) -> None:
    """Fetch `url` into `target`, which appears only when whole and after `check(path)` has not raised.

    What an earlier, interrupted call left in `<target>.part` is continued. Raises AbsentError when the
    network or the server does not deliver, ConversionError when the disk does not take it, and what `check`
    raises (then nothing is kept). The caller holds the lock.
    """
    part = _Part(target.with_name(target.name + ".part"), url)
    with disk_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        part.load()
    fruitless = 0
    while True:
        before = part.size
        try:
            whole = _fetch(part, progress)
        except urllib.error.HTTPError as error:
            raise _refused(url, error) from error
        except (OSError, http.client.HTTPException) as error:
            cause, whole = error, False
        else:
            cause = None
        if whole:
            break
        fruitless = 0 if part.size > before else fruitless + 1
        if not part.size and cause is not None:
            raise AbsentError(f"{url} cannot be reached ({_reason(cause)})", _OFFLINE) from cause
        if fruitless >= _ATTEMPTS_WITHOUT_PROGRESS:
            held = f"{part.size} of {part.total or 'unknown'} bytes"
            raise AbsentError(
                f"the download of {url} stopped at {held} ({_reason(cause)})",
                "Run the same command again to continue it, or give a file with --weights",
            ) from cause
    try:
        check(part.path)
    except Exception:
        part.drop()
        raise
    with disk_errors(target):
        clear_folder(target)
        part.path.replace(target)
        part.drop()


def _fetch(part: _Part, progress: Progress | None) -> bool:
    """Make one request and append what comes; return whether the file is whole now."""
    have = part.size
    headers = {}
    if have and part.validator:
        headers = {"Range": f"bytes={have}-", "If-Range": part.validator}
    elif have:
        # Nothing proves that the server's file is still the same one: start again.
        have = 0
    try:
        response = open_url(part.url, headers, SCHEMES)
    except urllib.error.HTTPError as error:
        if error.code != http.client.REQUESTED_RANGE_NOT_SATISFIABLE or not have:
            raise
        # Either all of it is here already, or the server's file has become shorter.
        if _total_of(error.headers.get("Content-Range")) == have:
            return True
        with disk_errors(part.path):
            part.drop()
        return False
    with response:
        if response.status == http.client.PARTIAL_CONTENT and not _starts_at(response, have):
            raise http.client.HTTPException("the server sent another range than asked for")
        if response.status != http.client.PARTIAL_CONTENT:
            have = 0  # the server sends it all: it knows no ranges, or its file has changed
        length = whole_number(response.headers.get("Content-Length", ""))
        part.total = None if length is None else have + length
        part.validator = _validator(response)
        with disk_errors(part.path):
            part.save()
        _check_room(part, have)
        return _append(response, part, have, progress)


def _append(response: http.client.HTTPResponse, part: _Part, have: int, progress: Progress | None) -> bool:
    with disk_errors(part.path):
        file = part.path.open("ab" if have else "wb", buffering=0)
    with file:
        while True:
            try:
                block = response.read(_BLOCK)
            except http.client.IncompleteRead as error:
                block = error.partial
            if not block:
                break
            with disk_errors(part.path):
                file.write(block)
            have += len(block)
            if progress:
                progress(have, part.total)
    # Without a length, the end of the connection is all there is to tell; the caller's check decides.
    return part.total is None or have == part.total


def _starts_at(response: http.client.HTTPResponse, have: int) -> bool:
    match = re.match(r"bytes ([0-9]{1,18})-", response.headers.get("Content-Range", ""))
    return bool(match) and int(match[1]) == have


def _total_of(content_range: str | None) -> int | None:
    match = re.match(r"bytes \*/([0-9]{1,18})$", content_range or "")
    return int(match[1]) if match else None


def _validator(response: http.client.HTTPResponse) -> str | None:
    etag = response.headers.get("ETag")
    # A weak tag promises the same meaning, not the same bytes.
    return etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified")


def _check_room(part: _Part, have: int) -> None:
    if part.total is None:
        return
    missing, free = part.total - have, shutil.disk_usage(part.path.parent).free
    if missing > free:
        raise ConversionError(
            f"the disk is full: {part.url} needs {missing >> 20} MiB, {part.path.parent} has {free >> 20}",
            "Free some space, or set EDGEKIT_CACHE to another disk",
        )


def _refused(url: str, error: urllib.error.HTTPError) -> AbsentError:
    if error.code in (404, 410):
        return AbsentError(f"the server has no file at {url} (HTTP {error.code})", "Give a file with --weights")
    return AbsentError(
        f"the server refused {url} (HTTP {error.code})", "Try again later, or give a file with --weights"
    )


def _reason(error: Exception | None) -> str:
    if error is None:
        return "the connection was cut off"
    if isinstance(error, urllib.error.URLError) and isinstance(error.reason, Exception):
        error = error.reason
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError) and error.errno == errno.ECONNREFUSED:
        return "connection refused"
    return harmless(str(error)[:120]) or type(error).__name__
