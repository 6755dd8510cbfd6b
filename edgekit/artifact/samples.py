"""What an artifact is run with: the golden inputs, how many of them a call gets, and by which names."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from edgekit.artifact.golden import chosen_samples
from edgekit.artifact.load import Artifact
from edgekit.artifact.manifest import Manifest, SamplesRecord
from edgekit.cache.kept import Notify, kept_file
from edgekit.inputs.golden import GoldenInputs, golden_inputs
from edgekit.inputs.photo_folder import PhotoFolder
from edgekit.inputs.preprocessing import Preprocessing
from edgekit.pipeline.source import Batch, GoldenFile

FOLDER = "inputs"
PHOTOS = 8
SYNTHETIC = 2
# 1, 4, 1, 4: the ten golden inputs exactly, in calls that differ.
DYNAMIC_BATCHES = [1, 4]


def batch_of_calls(manifest: Manifest) -> int | list[int]:
    """How many samples verification gives to a call; several numbers in turn where the artifact takes any."""
    return DYNAMIC_BATCHES if manifest.batch == "dynamic" else manifest.batch


def golden_file(
    artifact: Artifact, cache: Path, own: PhotoFolder | None = None, notify: Notify = lambda _: None
) -> GoldenFile:
    """The golden inputs for an artifact's preprocessing, written into the cache once.

    All bundled photos, or the user's `own`, and at least two synthetic samples: more where a batch must be filled. For
    embedded preprocessing they are rounded to what 8 bits can say. `notify` is told where the file was damaged.
    """
    manifest = artifact.manifest
    inputs = golden_samples(manifest.preprocessing, manifest.inputs[0].name, manifest.batch, own)
    if manifest.embedded_preprocessing:
        inputs = inputs.from_levels(manifest.preprocessing)
    return stored(inputs, cache, own, notify)


def fed_file(artifact: Artifact, cache: Path, golden: GoldenFile) -> GoldenFile:
    """What an artifact is given where the program is given `golden`: the same, or its levels, uint8 [N, H, W, 3]."""
    manifest = artifact.manifest
    if not manifest.embedded_preprocessing:
        return golden
    inputs = golden_samples(manifest.preprocessing, manifest.inputs[0].name, manifest.batch, golden.own)
    return stored(inputs.levels(manifest.preprocessing), cache, golden.own)


def few_samples(manifest: Manifest, golden: GoldenFile) -> tuple[int, ...] | None:
    """Those of the golden inputs that say most where a run takes long: the ones that travel with the artifact.

    None, for all of them, where decisions are counted (FP16) or compared with those on other samples (features), or
    calls of several sizes are made.
    """
    if (
        manifest.precision != "fp32"
        or manifest.batch == "dynamic"
        or any(spec.kind == "features" for spec in manifest.outputs)
    ):
        return None
    return tuple(chosen_samples(golden.kinds, manifest.batch))


def part_of(golden: GoldenFile, chosen: Sequence[int], cache: Path) -> GoldenFile:
    """The file of some of the samples of `golden`, written into the cache once."""
    from safetensors.numpy import load_file

    tensors = load_file(golden.path)
    part = GoldenInputs(
        {name: value[list(chosen)] for name, value in tensors.items()},
        tuple(golden.labels[index] for index in chosen),
        tuple("photo" if golden.kinds[index] == "photo" else "synthetic" for index in chosen),
    )
    return stored(part, cache, golden.own)


def samples_record(golden: GoldenFile) -> SamplesRecord:
    """What a manifest says of the golden inputs of its verdicts."""
    photos, own = golden.kinds.count("photo"), golden.own
    return SamplesRecord(
        golden.sha256,
        photos,
        len(golden.kinds) - photos,
        None if own is None else str(own.folder),
        {} if own is None else {photo.name: photo.sha256 for photo in own.photos},
    )


def stored(
    inputs: GoldenInputs, cache: Path, own: PhotoFolder | None = None, notify: Notify = lambda _: None
) -> GoldenFile:
    """The file of golden inputs, written into the cache where it is not there yet, or is not what was written.

    `notify` is told of the latter.
    """
    path = cache / FOLDER / f"{inputs.samples_sha256}.safetensors"
    content = kept_file(path, cache, inputs.as_file, notify)
    return GoldenFile(path, inputs.samples_sha256, inputs.labels, inputs.kinds, own, content)


@lru_cache(maxsize=4)
def golden_samples(
    preprocessing: Preprocessing, input_name: str, batch: Batch, own: PhotoFolder | None = None
) -> GoldenInputs:
    """The golden inputs in memory; the last few are remembered, since many models share them."""
    each = sum(DYNAMIC_BATCHES) if batch == "dynamic" else batch
    photos = PHOTOS if own is None else len(own.photos)
    filled = -(-(photos + SYNTHETIC) // each) * each
    return golden_inputs(
        preprocessing, input_name, photos=PHOTOS, synthetic=filled - photos, own=None if own is None else own.photos
    )


def run_options(artifact: Artifact) -> dict[str, Any]:
    """What a runner must know of an artifact: names, shapes, batch, precision, settings."""
    manifest = artifact.manifest
    return {
        "batch": batch_of_calls(manifest),
        "precision": manifest.precision,
        "inputs": {spec.name: spec.target_name for spec in manifest.inputs},
        "outputs": {spec.name: spec.target_name for spec in manifest.outputs},
        "output_shapes": {spec.name: list(spec.shape) for spec in manifest.outputs},
        **({"settings": manifest.settings} if manifest.settings else {}),
    }
