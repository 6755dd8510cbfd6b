"""Unpacks a source distribution."""

import tarfile
from pathlib import Path

from edgeworker.refusal import Refusal

MOST_FILES = 20_000
MOST_BYTES = 256 << 20


def unpack(archive: Path, folder: Path) -> Path:
    """Put an archive's files below `folder`; returns its one top folder.

    Only files and folders that stay below it are taken, a bounded number of bounded size. Raises Refusal for others.
    """
    count = size = 0
    tops: set[str] = set()
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                count, size = count + 1, size + member.size
                if count > MOST_FILES or size > MOST_BYTES:
                    raise Refusal(f"{archive.name} unpacks into more than {MOST_FILES} files or {MOST_BYTES >> 20} MiB")
                if not (member.isfile() or member.isdir()):
                    raise Refusal(f"{archive.name} holds a link or a device: {member.name}")
                tops.add(Path(member.name).parts[0] if Path(member.name).parts else "")
                tar.extract(member, folder, filter="data")
    except (tarfile.TarError, EOFError, OSError) as error:
        raise Refusal(f"{archive.name} cannot be unpacked: {error}") from error
    if len(tops) != 1:
        raise Refusal(f"{archive.name} is no source distribution: it has {len(tops)} top folders")
    return folder / tops.pop()
