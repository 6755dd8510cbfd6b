"""What is served is what was loaded, or nothing."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from edgekit.artifact.load import load_artifact, read_manifest
from edgekit.artifact.manifest import FILE, FileRecord
from edgekit.artifact.write import write_manifest
from edgekit.errors import UsageError
from edgekit.serve.copies import copy_artifact
from tests.serve.manifests import manifest_of, written


def test_a_copy_is_the_artifact(tmp_path: Path) -> None:
    folder = written(tmp_path / "onnx")
    digest = copy_artifact(load_artifact(folder), tmp_path / "copy")
    assert digest == hashlib.sha256((folder / FILE).read_bytes()).hexdigest()
    assert {one.name: one.read_bytes() for one in (tmp_path / "copy").iterdir()} == {
        one.name: one.read_bytes() for one in folder.iterdir()
    }


def test_ranges_of_the_layers_go_along(tmp_path: Path) -> None:
    folder = written(tmp_path / "onnx")
    (folder / "ranges.json").write_bytes(b"{}")
    record = FileRecord(hashlib.sha256(b"{}").hexdigest(), 2, "ranges")
    write_manifest(folder, replace(read_manifest(folder), ranges={"ranges.json": record}))
    copy_artifact(load_artifact(folder), tmp_path / "copy")
    assert (tmp_path / "copy" / "ranges.json").read_bytes() == b"{}"


def other_weights(folder: Path) -> None:
    (folder / "M.onnx").write_bytes(b"strange")


def other_samples(folder: Path) -> None:
    (folder / "golden.safetensors").write_bytes(b"golden example")


def other_manifest(folder: Path) -> None:
    write_manifest(folder, manifest_of())


def no_manifest(folder: Path) -> None:
    (folder / FILE).write_text("[1]")


@pytest.mark.parametrize("change", [other_weights, other_samples, other_manifest, no_manifest])
def test_what_has_changed_since_is_not_copied(tmp_path: Path, change: Callable[[Path], None]) -> None:
    artifact = load_artifact(written(tmp_path / "onnx"))
    change(artifact.folder)
    with pytest.raises(UsageError, match=r"was changed while it was copied\. Run the command again\."):
        copy_artifact(artifact, tmp_path / "copy")
