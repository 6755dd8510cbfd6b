"""What a manifest must say to be one: it may come from anybody, and everything later is decided by it."""

import re
from math import prod
from pathlib import Path

from edgekit.artifact.manifest import Manifest, TensorSpec
from edgekit.pipeline.target import targets
from edgekit.untrusted.values import Unusable
from edgekit.untrusted.wording import harmless

LONGEST_NAME = 200
MOST_TENSORS = 64
LARGEST_BATCH = 4096
LARGEST_EXTENT = 1 << 24
LARGEST_CALL = 1 << 30
"""Bytes of the inputs of one call in float32, which verification has to make."""


def check_manifest(manifest: Manifest) -> None:
    """Raise Unusable, naming it, where a manifest says something impossible."""
    check_names(manifest)
    check_files(manifest)
    check_shapes(manifest)


def check_names(manifest: Manifest) -> None:
    """The target is one of edgekit's, and names can be those of folders and tensors."""
    if manifest.target not in targets():
        raise Unusable(f"it is of the target {harmless(manifest.target, 60)!r}, which this edgekit does not have")
    name = manifest.model.name
    if not is_name(name) or "/" in name or name in (".", ".."):
        raise Unusable(f"its model's name {harmless(name, 60)!r} cannot be that of a folder")
    for spec in (*manifest.inputs, *manifest.outputs):
        if not is_name(spec.name) or not is_name(spec.target_name):
            raise Unusable(f"it has a tensor called {harmless(spec.name, 60)!r}")
    names, count = manifest.model.class_names, manifest.model.class_count
    if names is not None and len(names) != count:
        raise Unusable(f"it names {len(names)} classes and counts {count}")


def is_name(text: str) -> bool:
    """Whether a text is a name: not empty, of one line, with nothing in it that cannot be seen."""
    return 0 < len(text) <= LONGEST_NAME and harmless(text) == text


def check_files(manifest: Manifest) -> None:
    """The files are those that the target has, each once, in the artifact's folder."""
    for name, record in manifest.named_files.items():
        if not is_name(name) or Path(name).name != name:
            raise Unusable(f"it names a file outside its folder: {harmless(name, 60)!r}")
        if not re.fullmatch("[0-9a-f]{64}", record.sha256) or record.bytes < 0:
            raise Unusable(f"what it says of its file {name} is no hash and no size")
    wanted = set(targets()[manifest.target].description.files)
    roles = [record.role for record in manifest.files.values()]
    if set(roles) != wanted or len(roles) != len(wanted):
        raise Unusable(f"its files are not those of the target {manifest.target} ({', '.join(sorted(wanted))})")


def check_shapes(manifest: Manifest) -> None:
    """One input that is an image, outputs with a value for each class, and a batch that is theirs."""
    if manifest.batch != "dynamic" and not 1 <= manifest.batch <= LARGEST_BATCH:
        raise Unusable(f"its batch is {manifest.batch}")
    if len(manifest.inputs) != 1 or manifest.inputs[0].kind != "image" or len(manifest.inputs[0].shape) != 4:
        raise Unusable("it has not one input that is an image")
    if not 1 <= len(manifest.outputs) <= MOST_TENSORS:
        raise Unusable(f"it has {len(manifest.outputs)} outputs")
    if len({spec.name for spec in manifest.outputs}) != len(manifest.outputs):
        raise Unusable("two of its outputs have one name")
    for spec in (*manifest.inputs, *manifest.outputs):
        check_shape(spec, manifest)
    if any(spec.kind == "image" for spec in manifest.outputs):
        raise Unusable("it calls an output an image")
    if manifest.batch != "dynamic":
        size = manifest.preprocessing.input_size
        if (call := manifest.batch * manifest.preprocessing.channels * prod(size) * 4) > LARGEST_CALL:
            raise Unusable(f"one call of it takes {call >> 20} MiB of photos")


def check_shape(spec: TensorSpec, manifest: Manifest) -> None:
    """A shape of extents that can be, its first one the batch, and a layout that an image has."""
    shape = spec.shape
    if spec.layout is not None and (spec.kind != "image" or len(shape) != 4):
        raise Unusable(f"its tensor {spec.name} is no image, and has the layout {spec.layout}")
    if not 2 <= len(shape) <= 8 or not all(extent == -1 or 1 <= extent <= LARGEST_EXTENT for extent in shape):
        raise Unusable(f"its tensor {spec.name} has the shape {list(shape[:8])}")
    if shape[0] != (-1 if manifest.batch == "dynamic" else manifest.batch):
        raise Unusable(f"its tensor {spec.name} has the shape {list(shape)}, and its batch is {manifest.batch}")
    if len(spec.thresholds) not in (0, 1, shape[1]) or not all(0 < one < 1 for one in spec.thresholds):
        raise Unusable(f"the thresholds of its output {spec.name} are not one for each label")
