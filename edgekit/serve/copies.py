"""What is served is a copy whose hashes were checked as it was made: nothing that is changed later is ever read."""

import hashlib
from pathlib import Path

from edgekit.artifact.load import AGAIN, LARGEST_BYTES, Artifact
from edgekit.artifact.manifest import FILE, Manifest
from edgekit.artifact.write import changed_meanwhile, copy_recorded
from edgekit.filesystem.writing import disk_errors
from edgekit.untrusted.files import read_bytes
from edgekit.untrusted.json_document import decode_json
from edgekit.untrusted.values import Unusable


def copy_artifact(artifact: Artifact, target: Path) -> str:
    """Copy an artifact into the new folder `target`; returns the SHA-256 of its manifest.

    Raises UsageError where it is no longer what was loaded, ConversionError on a full disk.
    """
    folder, manifest = artifact.folder, artifact.manifest
    raw = read_bytes(folder / FILE, LARGEST_BYTES, "manifest", AGAIN)
    try:
        same = decode_json(raw, Manifest) == manifest
    except Unusable:
        same = False
    if not same:
        raise changed_meanwhile(folder)
    with disk_errors(target):
        target.mkdir(parents=True)
        (target / FILE).write_bytes(raw)
        for name, record in manifest.named_files.items():
            copy_recorded(folder / name, target / name, record.sha256)
    return hashlib.sha256(raw).hexdigest()
