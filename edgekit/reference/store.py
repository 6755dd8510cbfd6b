"""The bundles at hand: those shipped with edgekit, and those imported into the user's cache folder."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edgekit.errors import EdgekitError, UsageError
from edgekit.reference.bundle import (
    AGAIN,
    LARGEST_BYTES,
    SUFFIX,
    WHAT,
    Bundle,
    checked_bundle,
    open_bundle,
    write_bytes,
)
from edgekit.untrusted.files import read_bytes

SHIPPED = Path(__file__).parent / "bundles"
FOLDER = "references"


@dataclass(frozen=True)
class Stored:
    """A file in the store: a bundle, or the `error` that says why it is none."""

    path: Path
    shipped: bool
    bundle: Bundle | None = None
    error: EdgekitError | None = None


def imported_folder(cache: Path) -> Path:
    """Where imported bundles lie; `cache` is edgekit's cache folder."""
    return cache / FOLDER


def stored(cache: Path) -> Iterator[Stored]:
    """Every file in the store by name, shipped ones first; what cannot be read is there with its error."""
    for folder, shipped in ((SHIPPED, True), (imported_folder(cache), False)):
        for path in sorted(folder.glob(f"[!.]*{SUFFIX}")):
            try:
                yield Stored(path, shipped, open_bundle(path))
            except UsageError as error:
                yield Stored(path, shipped, error=error)


def bundles(cache: Path) -> list[Bundle]:
    """The readable bundles of the store."""
    return [one.bundle for one in stored(cache) if one.bundle is not None]


def find_bundle(named: str, cache: Path) -> Bundle:
    """The bundle that is meant: a file, or a name that `list` shows or the start of just one such name.

    Raises UsageError where there is none or more than one, and for a file that is no bundle.
    """
    path = Path(named).expanduser()
    if path.is_file() or path.name != named or named.endswith(SUFFIX):
        return open_bundle(path)
    found = [one for one in stored(cache) if one.path.name.removesuffix(SUFFIX).startswith(named)] if named else []
    exact = [one for one in found if one.path.name == named + SUFFIX]
    found = exact[:1] or found
    if not found:
        raise UsageError(f"there is no reference bundle {named}", "`edgekit reference list` shows those at hand.")
    if len(found) > 1:
        names = ", ".join(one.path.name.removesuffix(SUFFIX) for one in found[:4])
        raise UsageError(f"{named} means {len(found)} reference bundles ({names})", "Give more of its name.")
    return open_bundle(found[0].path)


def import_bundle(path: Path, cache: Path) -> tuple[Bundle, bool]:
    """Check everything in a file and copy it into the store; returns the bundle there, and whether it is new.

    Its name there is made of what it says of itself, in plain letters, and of its hash. Raises UsageError for what is
    no whole bundle.
    """
    bundle, content = checked_bundle(path)
    digest = hashlib.sha256(content).hexdigest()
    for one in bundles(cache):
        if read_bytes(one.path, LARGEST_BYTES, WHAT, AGAIN) == content:
            return one, False
    target = imported_folder(cache) / f"{bundle.description.slug}_{digest[:8]}{SUFFIX}"
    write_bytes(target, content)
    return Bundle(target, bundle.description), True
