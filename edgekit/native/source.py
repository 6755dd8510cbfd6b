"""The source distribution that a library is built from: from the user's package index, by its pinned SHA-256."""

import http.client
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from edgekit.cache.kept import kept
from edgekit.cache.record import write_whole
from edgekit.errors import AbsentError
from edgekit.filesystem.hashing import file_sha256
from edgekit.filesystem.scratch import working_folder
from edgekit.pipeline.stage import SourceFile
from edgekit.toolchain.environment import uv
from edgekit.untrusted.files import read_bytes
from edgekit.weights.http import open_url

FOLDER = "sources"
PINS = Path(__file__).with_name("sources.toml")
# The content is pinned: how it comes does not matter.
SCHEMES = ("https", "http")
PROJECT = """[project]
name = "address"
version = "0"
requires-python = ">=3.11"
dependencies = ["{name}=={version}"]
"""


@dataclass(frozen=True)
class Pin:
    """One version of a source distribution: the SHA-256 of its archive, and its size in bytes."""

    name: str
    version: str
    sha256: str
    bytes: int

    @property
    def file(self) -> str:
        """The archive's name, as package indexes have it."""
        return f"{self.name}-{self.version}.tar.gz"


@cache
def pins() -> tuple[Pin, ...]:
    """All that are known."""
    table = tomllib.loads(PINS.read_text(encoding="utf-8"))
    return tuple(
        Pin(name, version, entry["sha256"], entry["bytes"])
        for name, versions in table.items()
        for version, entry in versions.items()
    )


def pinned(name: str, version: str) -> Pin:
    """The archive of one version. Raises AbsentError where it is not known."""
    for pin in pins():
        if (pin.name, pin.version) == (name, version):
            return pin
    raise AbsentError(
        f"the hash of the source distribution of {name} {version} is not known", f"Add it to {PINS.name}."
    )


def ensure_source(pin: Pin, cache: Path, notify: Callable[[str], None], *, offline: bool = False) -> SourceFile:
    """The archive in the cache, downloaded first where it is not there.

    Raises AbsentError where the package index does not give it, or gives another one.
    """
    path = cache / FOLDER / pin.file

    def write(place: Path) -> str:
        if offline:
            raise AbsentError(
                f"the source distribution of {pin.name} {pin.version} is not here, and --offline forbids fetching it",
                "Run the same command with a network once.",
            )
        notify(f"fetching the source distribution of {pin.name} {pin.version} (once)")
        write_whole(place, fetch(pin, address(pin, cache)))
        return ""

    found = kept(path, cache, write, notify)
    if found.sha256 != pin.sha256:  # kept by an edgekit with another pin
        path.unlink(missing_ok=True)
        found = kept(path, cache, write, notify)
    return SourceFile(path, found.sha256)


def address(pin: Pin, cache: Path) -> str:
    """Where the user's package index has the archive: uv is asked to lock a project that needs it.

    Raises AbsentError where it does not have it.
    """
    with working_folder(cache) as folder:
        project = PROJECT.format(name=pin.name, version=pin.version)
        (folder / "pyproject.toml").write_text(project, encoding="utf-8")
        uv(["lock", "--quiet"], folder, f"{pin.name} {pin.version}")
        lock = tomllib.loads((folder / "uv.lock").read_text(encoding="utf-8"))
    return address_in(lock, pin)


def address_in(lock: dict[str, Any], pin: Pin) -> str:
    """The address or the path of the archive in uv's lock. Raises AbsentError where there is none."""
    for package in lock.get("package", ()):
        if package.get("name") == pin.name and package.get("version") == pin.version:
            archive = package.get("sdist", {})
            if where := archive.get("url") or archive.get("path"):
                return str(where)
    raise AbsentError(
        f"the package index has no source distribution of {pin.name} {pin.version}",
        "Set uv up for an index that has it, such as a full mirror.",
    )


def fetch(pin: Pin, where: str) -> bytes:
    """The archive's bytes, compared with the pin. Raises AbsentError for anything else."""
    way_out = "Check the network and the package index that uv is set up for, and run again."
    what = f"the source distribution of {pin.name} {pin.version}"
    try:
        content = read_all(where, pin.bytes)
    except (OSError, http.client.HTTPException) as error:
        raise AbsentError(f"{what} could not be fetched: {error}", way_out) from None
    import hashlib

    if hashlib.sha256(content).hexdigest() != pin.sha256:
        raise AbsentError(f"{what} that the package index gives is another one than edgekit knows", way_out)
    return content


def read_all(where: str, size: int) -> bytes:
    """At most `size` and one bytes of what lies at an address or a path. Raises OSError, HTTPException, UsageError."""
    parts = urlsplit(where)
    if parts.scheme in SCHEMES:
        with open_url(where, {}, SCHEMES) as response:
            return response.read(size + 1)
    return read_bytes(Path(parts.path if parts.scheme == "file" else where), size, "source distribution")


def folder_digest(folder: Path) -> str:
    """The hash of all files below a folder, by their names in it."""
    from edgekit.filesystem.hashing import data_sha256

    files = sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return data_sha256({path.relative_to(folder).as_posix(): file_sha256(path) for path in files})
