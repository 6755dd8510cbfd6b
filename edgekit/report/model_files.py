"""Writes a model's page where nothing of somebody else's lies."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from edgekit.artifact.load import read_manifest
from edgekit.filesystem.owned import check_file, write_whole
from edgekit.filesystem.writing import disk_errors
from edgekit.inputs.golden import bundled_photos
from edgekit.inputs.images import load_image
from edgekit.report.model_html import GENERATOR, model_page
from edgekit.report.page import page_bytes

if TYPE_CHECKING:
    import numpy as np

    from edgekit.inputs.photo_folder import PhotoFolder
    from edgekit.verification.check import Check


def check_page(path: Path) -> None:
    """Raise UsageError where something lies at `path` that is no such page."""
    check_file(path, "page", lambda start: GENERATOR.encode() in start)


def golden_images(own: "PhotoFolder | None") -> dict[str, "np.ndarray"]:
    """The golden photos by their samples' labels, uint8 RGB [H, W, 3] or RGBA [H, W, 4]."""
    photos = bundled_photos() if own is None else own.photos
    return {f"photo {photo.name}": load_image(photo.path, alpha=True) for photo in photos}


def write_page(path: Path, checks: "Sequence[Check]", images: "Mapping[str, np.ndarray]") -> None:
    """Write the page of a model whole. Raises UsageError as `check_page`, ConversionError on a full disk."""
    check_page(path)
    content = page_bytes(model_page([as_verified(check) for check in checks], images))
    with disk_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)


def as_verified(check: "Check") -> "Check":
    """The check with the manifest that verification has left, golden inputs and all."""
    if check.discarded is not None:
        return check
    return replace(check, artifact=replace(check.artifact, manifest=read_manifest(check.artifact.folder)))
