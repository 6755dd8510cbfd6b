"""Golden inputs that travel with an artifact: what a test on a device needs, in one file.

`golden.safetensors` holds two samples (more where a batch must be filled): a photo and noise, in INT8 two photos, as
the artifact takes them, what the float64 oracle makes of them, and the photo on its way there: its file, its pixels,
its levels.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from edgekit.artifact.judged import check_judged
from edgekit.artifact.load import Artifact, is_signed
from edgekit.artifact.manifest import FileRecord, Manifest
from edgekit.artifact.owned import GOLDEN, RANGES, check_golden, check_ranges
from edgekit.artifact.write import locked, write_manifest
from edgekit.filesystem.hashing import file_sha256
from edgekit.filesystem.owned import write_whole
from edgekit.inputs.golden import bundled_photos
from edgekit.inputs.images import load_image
from edgekit.inputs.prepare import cropped_levels
from edgekit.inputs.preprocessing import Preprocessing
from edgekit.parity.counted import counted_samples
from edgekit.parity.verdict import Precision

if TYPE_CHECKING:
    import numpy as np

FILE = GOLDEN
ROLE = "golden"
RANGES_ROLE = "ranges"
SAMPLES = 2


def chosen_samples(kinds: Sequence[str], batch: int, precision: Precision = "fp32") -> list[int]:
    """Which samples travel, of those that count: until at least two fill whole batches.

    The first of each kind, then others in order, then the same again.
    """
    counted = counted_samples(kinds, precision)
    first = [
        next(index for index in counted if kinds[index] == kind) for kind in dict.fromkeys(kinds[i] for i in counted)
    ]
    order = [*first, *(index for index in counted if index not in first)]
    return [order[index % len(order)] for index in range(-(-SAMPLES // batch) * batch)]


def golden_tensors(
    inputs: Mapping[str, "np.ndarray"],
    oracle: Mapping[str, "np.ndarray"],
    chosen: Sequence[int],
    label: str,
    preprocessing: Preprocessing,
) -> dict[str, "np.ndarray"]:
    """`input/<name>` as the artifact takes it, `oracle/<name>` in float32, and the way to the first sample, `label`.

    Where that was made from a bundled photo: `photo_file`, the bytes of its PNG as uint8 [bytes]; `photo`, upright and
    untouched, as uint8 RGB [H, W, 3]; `levels`, cropped and not yet normalised, as uint8 [H, W, C].
    """
    import numpy as np

    # Contiguous: safetensors writes memory order under the given shape.
    tensors = {f"input/{name}": np.ascontiguousarray(value[chosen]) for name, value in inputs.items()}
    tensors |= {f"oracle/{name}": np.ascontiguousarray(value[chosen], np.float32) for name, value in oracle.items()}
    for photo in bundled_photos():
        if label == f"photo {photo.name}":
            image = load_image(photo.path)
            tensors["photo_file"] = np.frombuffer(photo.path.read_bytes(), np.uint8)
            tensors["photo"] = np.ascontiguousarray(image)
            tensors["levels"] = np.ascontiguousarray(cropped_levels(image, preprocessing))
    return tensors


def write_golden(
    folder: Path,
    manifest: Manifest,
    inputs: Mapping[str, "np.ndarray"],
    oracle: Mapping[str, "np.ndarray"],
    labels: Sequence[str],
    kinds: Sequence[str],
    judged: Artifact | None = None,
    ranges: bytes | None = None,
) -> Manifest:
    """Write `golden.safetensors` beside an artifact's files, and `manifest` with its hash; returns that manifest.

    So is `ranges.json`, whose content `ranges` is; without it what lies there stays.

    `inputs` and `oracle` are by the program's names, with the same samples, called `labels`. A signed artifact stays as
    it was signed, and nothing is written. Raises ConversionError on a full disk, UsageError where a file of somebody
    else has that name, and SupersededError, with nothing written, where the artifact is no longer the one that was
    `judged`.
    """
    from safetensors.numpy import save

    batch = manifest.batch if isinstance(manifest.batch, int) else 1
    chosen = chosen_samples(kinds, batch, manifest.precision)
    about = {
        "labels": [labels[index] for index in chosen],
        "kinds": [kinds[index] for index in chosen],
        "sources": {
            f"photo {photo.name}": f"{photo.author}, {photo.licence}, {photo.source}"
            for photo in bundled_photos()
            if f"photo {photo.name}" in {labels[index] for index in chosen}
        },
    }
    # One key: the order of several would change from run to run, and the hash with it.
    metadata = {"edgekit": msgspec.json.encode(about).decode()}
    content = save(golden_tensors(inputs, oracle, chosen, labels[chosen[0]], manifest.preprocessing), metadata)
    contents = {FILE: content} if ranges is None else {FILE: content, RANGES: ranges}
    golden = {FILE: record_of(content, ROLE)}
    kept = manifest.ranges if ranges is None else {RANGES: record_of(ranges, RANGES_ROLE)}
    with locked(folder):
        if judged is not None:
            check_judged(judged)
        if is_signed(folder):
            return manifest
        check_golden(folder)
        if ranges is not None:
            check_ranges(folder)
        manifest = msgspec.structs.replace(manifest, golden=golden, ranges=kept)
        known = {**golden, **kept}
        changed = [name for name in contents if not is_there(folder / name, known[name])]
        if changed:
            # A manifest never names a file that is not there: an interruption leaves an artifact without golden
            # inputs, not a damaged one.
            write_manifest(folder, msgspec.structs.replace(manifest, golden={}, ranges={}))
        for name in changed:
            write_whole(folder / name, contents[name])
        write_manifest(folder, manifest)
    return manifest


def record_of(content: bytes, role: str) -> FileRecord:
    """What a manifest tells of a file with that content."""
    return FileRecord(hashlib.sha256(content).hexdigest(), len(content), role)


def is_there(path: Path, record: FileRecord) -> bool:
    """Whether a file is there, and is what is recorded of it."""
    return path.exists() and file_sha256(path) == record.sha256
