"""Reads artifacts back, and notices what has changed since they were written."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edgekit.artifact.check import check_manifest
from edgekit.artifact.manifest import FILE, SCHEMA, SIGNATURE, Manifest, ManifestHead
from edgekit.errors import UsageError
from edgekit.filesystem.hashing import file_sha256
from edgekit.pipeline.stage import SourceFile
from edgekit.untrusted.files import read_bytes
from edgekit.untrusted.json_document import decode_json
from edgekit.untrusted.values import Unusable

LARGEST_BYTES = 16 << 20
"""Of a manifest: one that names 200,000 classes has a third of it."""
AGAIN = "Convert the model again, or restore the folder."
# How often an artifact may be replaced while it is being read.
_ATTEMPTS = 5

Identity = tuple[int, int, int, int, int]


@dataclass(frozen=True)
class Artifact:
    """An artifact whose files are what its manifest says.

    `identities` are those of its files when they were hashed; empty where they were not.
    """

    folder: Path
    manifest: Manifest
    identities: Mapping[str, Identity] = field(default_factory=dict)

    def by_role(self) -> dict[str, SourceFile]:
        """Its files by the name the converter gave them."""
        return {
            record.role: SourceFile(self.folder / name, record.sha256) for name, record in self.manifest.files.items()
        }


def load_artifact(
    folder: Path, sha256: Callable[[Path], str] = file_sha256, approve: Callable[[bytes], None] | None = None
) -> Artifact:
    """Read the artifact in `folder` and check its files' hashes, as `sha256` finds them.

    `approve` gets the manifest's bytes before they are read, and raises where they are not to be believed. Raises
    UsageError where it is no artifact, of a newer edgekit, or damaged: a wrong file is never run.
    """
    for _ in range(_ATTEMPTS):
        manifest = read_manifest(folder, approve)
        try:
            before = identities_of(folder, manifest)
            check_files(folder, manifest, sha256)
            if identities_of(folder, manifest) == before:
                return Artifact(folder, manifest, before)
        except UsageError:
            # Of one artifact the manifest and of another the files: it was replaced in between.
            if read_manifest(folder, approve) == manifest:
                raise
    raise UsageError(f"{folder} is being written again and again", "Wait until nothing else writes to it.")


def check_files(folder: Path, manifest: Manifest, sha256: Callable[[Path], str]) -> None:
    """Raise UsageError where a file is missing, or is not what the manifest says."""
    for name, record in manifest.named_files.items():
        path = folder / name
        if Path(name).name != name:
            raise UsageError(f"the manifest of {folder} names a file outside its folder: {name}", AGAIN)
        if not path.is_file():
            raise UsageError(f"the artifact {folder} lacks its file {name}", AGAIN)
        if (size := path.stat().st_size) != record.bytes:
            raise UsageError(f"{path} is damaged: it has {size} bytes, its manifest says {record.bytes}", AGAIN)
        if (digest := sha256(path)) != record.sha256:
            raise UsageError(
                f"{path} has been changed: its SHA-256 is {digest[:12]}…, its manifest says {record.sha256[:12]}…",
                AGAIN,
            )


def identities_of(folder: Path, manifest: Manifest) -> dict[str, Identity]:
    """What `stat` says of an artifact's files, but for golden inputs and ranges, which verification itself writes.

    Size, times of change in nanoseconds, inode, device. A file that is not there is left out.
    """
    found = {}
    for name in manifest.files:
        try:
            stat = (folder / name).stat()
        except OSError:
            continue
        found[name] = (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino, stat.st_dev)
    return found


def is_signed(folder: Path) -> bool:
    """Whether a signature lies beside a manifest: then edgekit writes nothing into it any more."""
    return (folder / SIGNATURE).exists()


def read_manifest(folder: Path, approve: Callable[[bytes], None] | None = None) -> Manifest:
    """The manifest of `folder`. Raises UsageError where there is none or it cannot be read, and what `approve` does."""
    path = folder / FILE
    # A pipe or a device is there, and is refused when it is opened.
    if not path.exists():
        raise UsageError(f"{folder} is not an artifact: it has no {FILE}")
    raw = read_bytes(path, LARGEST_BYTES, "manifest", AGAIN)
    if approve is not None:
        approve(raw)
    try:
        manifest = decode_json(raw, Manifest)
        if manifest.schema > SCHEMA:
            raise newer_artifact(folder, manifest.edgekit)
        check_manifest(manifest)
    except Unusable as error:
        if (newer := written_by(raw)) is not None:
            raise newer_artifact(folder, newer) from None
        raise UsageError(f"{path} cannot be read: {error}", AGAIN) from None
    return manifest


def written_by(raw: bytes) -> str | None:
    """The newer edgekit that wrote a manifest which cannot be read; None where it is no newer one."""
    try:
        head = decode_json(raw, ManifestHead)
    except Unusable:
        return None
    return head.edgekit if head.schema > SCHEMA else None


def newer_artifact(folder: Path, version: str) -> UsageError:
    """The error for what a newer edgekit has written."""
    return UsageError(f"{folder} was written by edgekit {version}, which is newer", "Update edgekit.")


def find_artifacts(out: Path, model: str | None = None) -> list[Path]:
    """The artifact folders in an output folder, `out/<model>/<target>`, of one model or of all."""
    return sorted(path.parent for path in out.glob(f"{model or '*'}/*/{FILE}"))
