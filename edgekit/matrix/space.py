"""The disk: whether a matrix fits, and what is removed once its cells are judged."""

import contextlib
import shutil
from collections.abc import Sequence
from pathlib import Path

from edgekit.artifact.load import read_manifest
from edgekit.artifact.owned import ARTIFACT
from edgekit.artifact.write import locked
from edgekit.errors import AbsentError, UsageError
from edgekit.filesystem.owned import remove_folder
from edgekit.matrix.record import Keep
from edgekit.matrix.sources import Group, lineage
from edgekit.pipeline.memory import weight_bytes
from edgekit.pipeline.store import StageStore
from edgekit.quantities.sizes import readable_size


def check_space(groups: Sequence[Group], keep: Keep, window: int, out: Path, cache: Path) -> None:
    """Raise AbsentError where what the groups leave, or take on the way, does not fit on the disk."""
    on_out = needed([artifact_bytes(group) for group in groups], keep, window)
    in_cache = needed([stage_bytes(group) for group in groups], keep, window)
    one_disk = device(out) == device(cache)
    for folder, size in ((out, on_out + in_cache),) if one_disk else ((out, on_out), (cache, in_cache)):
        free = shutil.disk_usage(existing(folder)).free
        if size > free:
            less = sum(needed([f(group) for group in groups], "reports", window) for f in (artifact_bytes, stage_bytes))
            hint = f"`--keep reports` takes about {readable_size(less)}; or choose" if keep == "artifacts" else "Choose"
            raise AbsentError(
                f"the matrix takes about {readable_size(size)} of disk, and {folder} has {readable_size(free)} free",
                f"{hint} another disk with --out and EDGEKIT_CACHE.",
            )


def needed(sizes: Sequence[int], keep: Keep, window: int) -> int:
    """Bytes that are there at once: all that is kept, else those of the largest groups that are open together."""
    return sum(sizes) if keep == "artifacts" else sum(sorted(sizes)[-window:])


def artifact_bytes(group: Group) -> int:
    """About what a group's artifacts take: the weights once for each variant of each target."""
    # Of several machines, each runs the same one.
    artifacts = {(entry.source.name, entry.target.name): entry for entry in group.entries}.values()
    return sum(weight_bytes(entry.source.parameters) * len(entry.target.description.variants) for entry in artifacts)


def stage_bytes(group: Group) -> int:
    """About what a group's stages take in the cache: the weights once for each (twice where a target has two files)."""
    weights = weight_bytes(group.entries[0].source.parameters)
    converted = {entry.target.name: len(entry.target.description.variants) for entry in group.entries}
    others = len({stage.key for entry in group.entries for stage in lineage(entry.conversion)}) - len(converted)
    return weights * (others + sum(converted.values()))


def existing(folder: Path) -> Path:
    """The folder, or the nearest above it that exists."""
    folder = folder.absolute()
    return next(path for path in (folder, *folder.parents) if path.exists())


def device(folder: Path) -> int:
    """The file system that a folder is on."""
    return existing(folder).stat().st_dev


def remove_outputs(group: Group, out: Path, store: StageStore) -> None:
    """Remove a group's artifacts, and the stages that this run has made for them; records and small outputs stay.

    An artifact of another program under the same name is somebody else's, and stays; so does a file that somebody put
    into one.
    """
    for entry in group.entries:
        folder = entry.folder(out)
        if not folder.exists():
            continue
        with locked(folder):
            try:
                ours = read_manifest(folder).program_key == group.key
            except UsageError:
                continue
            if ours:
                remove_folder(folder, ARTIFACT)
        # Another run may be writing an artifact of the same model.
        with contextlib.suppress(OSError):
            folder.parent.rmdir()
            if entry.place:
                folder.parent.parent.rmdir()
    for stage in group.outputs():
        # What was there before is of another command, whose artifacts are verified by it.
        if stage.key in store.made:
            store.remove(stage)
