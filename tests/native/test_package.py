"""What is no package: refusals before anything is built, and what a self-test's answer means."""

import hashlib
import json
from pathlib import Path

import msgspec
import pytest

from edgekit.artifact.load import Artifact
from edgekit.artifact.manifest import FileRecord
from edgekit.artifact.write import write_manifest
from edgekit.errors import ConversionError, UnprovedError, UsageError
from edgekit.filesystem.owned import check_folder, replace_folder, scratch_beside
from edgekit.native.package import artifact_files, check_packable, copy_artifact
from edgekit.native.proof import judged
from edgekit.native.record import FILE, PACKAGE
from tests.artifact.test_golden import MANIFEST


def test_only_artifacts_of_ncnn_that_were_verified(tmp_path: Path) -> None:
    other = Artifact(tmp_path, msgspec.structs.replace(MANIFEST, target="onnx"))
    with pytest.raises(UsageError, match="an artifact of onnx, and packages are built for ncnn"):
        check_packable(other)
    unverified = Artifact(tmp_path, msgspec.structs.replace(MANIFEST, target="ncnn", golden={}))
    with pytest.raises(UsageError, match=f"Run `edgekit verify {tmp_path}` first"):
        check_packable(unverified)


def test_ranges_of_the_layers_lie_in_the_folder_and_not_in_the_program(tmp_path: Path) -> None:
    folder, content = tmp_path / "ncnn", tmp_path / "package"
    contents = {"M.onnx": b"a model", "golden.safetensors": b"golden", "ranges.json": b"{}"}
    records = {name: FileRecord(hashlib.sha256(text).hexdigest(), len(text), name) for name, text in contents.items()}
    for place in (folder, content):
        place.mkdir()
    for name, text in contents.items():
        (folder / name).write_bytes(text)
    golden, ranges = ({name: records[name]} for name in ("golden.safetensors", "ranges.json"))
    manifest = msgspec.structs.replace(MANIFEST, golden=golden, ranges=ranges)
    write_manifest(folder, manifest)
    artifact = Artifact(folder, manifest)
    assert set(artifact_files(artifact)) == {"M.onnx", "golden.safetensors", "manifest.json"}
    copy_artifact(artifact, content)
    assert {path.name for path in content.iterdir()} == {*contents, "manifest.json"}


def found(status: int, document: object = None, said: str = "") -> dict:
    return {"status": status, "document": document, "said": said}


def stage(name: str, status: str) -> dict:
    return {"stage": name, "status": status, "figure": 0.2, "limit": 0.1, "detail": ""}


def test_a_passed_self_test_is_a_proof() -> None:
    document = {"passed": True, "stages": []}
    assert judged(found(0, document), "this machine").document == document


def test_a_failed_one_names_the_stage_and_ends_with_1() -> None:
    document = {"passed": False, "stages": [stage("tensor", "passed"), stage("output logits", "failed")]}
    with pytest.raises(UnprovedError, match=r"output logits \(0\.2, at most 0\.1\)") as raised:
        judged(found(1, document), "emulated cortex-a53")
    assert raised.value.exit_status == 1
    assert "emulated cortex-a53" in raised.value.message


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (found(2, {"error": "model.bin has been changed"}), "model.bin has been changed"),
        (found(-11, None, "x\nqemu: uncaught target signal 11"), "status -11: qemu: uncaught target signal 11"),
        (found(0, None, ""), "status 0: no message"),
    ],
)
def test_a_program_that_does_not_test_itself_is_no_package(answer: dict, reason: str) -> None:
    with pytest.raises(ConversionError, match=reason):
        judged(answer, "this machine")


def write(folder: Path, files: dict[str, str]) -> None:
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    known = {name: {"sha256": "0" * 64, "bytes": len(text)} for name, text in files.items()}
    record = {"schema": 1, "architecture": "aarch64", "files": known}
    (folder / FILE).write_text(json.dumps(record))


def test_a_new_package_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    folder = tmp_path / "package"
    write(folder, {"edgekit_runner": "old", "gone.param": "old"})
    with scratch_beside(folder) as scratch:
        write(scratch / "new", {"edgekit_runner": "new"})
        replace_folder(scratch / "new", folder, PACKAGE)
    assert {path.name for path in folder.iterdir()} == {"edgekit_runner", FILE}
    assert (folder / "edgekit_runner").read_text() == "new"


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "package", {"edgekit_runner": "old"})
    (tmp_path / "package" / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"holds notes\.txt, which edgekit did not write"):
        check_folder(tmp_path / "package", PACKAGE)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").write_text("mine")
    with pytest.raises(UsageError, match="no package of edgekit"):
        check_folder(tmp_path / "other", PACKAGE)
