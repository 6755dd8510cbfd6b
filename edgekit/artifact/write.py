"""Writes artifacts: copied beside, hashed on the way, renamed into place."""

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from edgekit.artifact.load import Artifact, identities_of
from edgekit.artifact.manifest import FILE, Manifest
from edgekit.artifact.owned import ARTIFACT
from edgekit.errors import ConversionError, UsageError
from edgekit.filesystem.owned import check_folder, replace_folder, scratch_beside, write_whole
from edgekit.untrusted.files import resolved
from edgekit.untrusted.json_document import encode_json

CHUNK_BYTES = 1 << 20


def write_artifact(folder: Path, sources: Mapping[str, Path], manifest: Manifest) -> Artifact:
    """Make `folder` hold `sources` (name -> file to copy) and `manifest`, replacing the artifact that was there.

    What is returned is what a reader finds, if the manifest is one `as_written`. Each file is hashed while it is
    copied; raises ConversionError where it is not what the manifest says, or where the disk is full, UsageError where
    something lies there that edgekit did not write. Until all is written, an earlier artifact stays as it was.
    """
    with locked(folder), scratch_beside(folder) as scratch:
        check_folder(folder, ARTIFACT)
        content = scratch / "artifact"
        content.mkdir()
        for name, source in sources.items():
            digest = copy_hashed(source, content / name)
            if digest != manifest.files[name].sha256:
                raise ConversionError(
                    f"{source} has changed since it was made (SHA-256 {digest[:12]}, "
                    f"expected {manifest.files[name].sha256[:12]})",
                    "Remove the cache's folder stages/ and convert again.",
                )
        write_manifest(content, manifest)
        replace_folder(content, folder, ARTIFACT)
        return Artifact(folder, manifest, identities_of(folder, manifest))


def as_written(manifest: Manifest) -> Manifest:
    """The manifest as a reader finds it: JSON holds no half characters, which names of a user's files may have."""
    return msgspec.json.decode(encode_json(manifest), type=Manifest)


def update_manifest(folder: Path, manifest: Manifest) -> None:
    """Replace the manifest of an existing artifact, all at once. Raises ConversionError on a full disk."""
    with locked(folder):
        write_manifest(folder, manifest)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write `manifest.json`, all at once."""
    write_whole(folder / FILE, encode_json(manifest) + b"\n")


def copy_recorded(source: Path, target: Path, sha256: str) -> None:
    """Copy a file of an artifact that is read. Raises UsageError where it is no longer what the manifest says."""
    if copy_hashed(source, target) != sha256:
        raise changed_meanwhile(source)


def changed_meanwhile(path: Path) -> UsageError:
    """The error for an artifact, or a file of one, that somebody changes while a command reads it."""
    return UsageError(f"{path} was changed while it was copied", "Run the command again.")


def copy_hashed(source: Path, target: Path) -> str:
    """Copy a file; returns the SHA-256 of what was copied."""
    digest = hashlib.sha256()
    with source.open("rb") as reading, target.open("wb") as writing:
        while chunk := reading.read(CHUNK_BYTES):
            digest.update(chunk)
            writing.write(chunk)
    shutil.copymode(source, target)
    return digest.hexdigest()


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep two runs from writing one artifact at once. The lock lies in the cache, not among the user's files."""
    from edgekit.cache import cache_folder
    from edgekit.cache.lock import locked as lock_held

    name = hashlib.sha256(os.fsencode(resolved(folder))).hexdigest()[:32]
    with lock_held(cache_folder() / "locks" / f"{name}.lock"):
        yield
