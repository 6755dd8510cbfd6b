import errno
import json
import os
import shutil
from pathlib import Path

import pytest
from msgspec.structs import replace

from edgekit.artifact.judged import check_judged
from edgekit.artifact.load import find_artifacts, load_artifact, read_manifest
from edgekit.artifact.manifest import FILE, SCHEMA, FileRecord, Manifest, ModelRecord, TensorSpec, WeightsRecord
from edgekit.artifact.origin import convert_command
from edgekit.artifact.write import as_written, update_manifest, write_artifact
from edgekit.errors import ConversionError, UsageError
from edgekit.filesystem.hashing import file_sha256
from edgekit.inputs.preprocessing import Preprocessing


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"weights" * 1000)
    return path


def manifest_of(source: Path) -> Manifest:
    return Manifest(
        edgekit="0.1.0",
        target="onnx",
        precision="fp32",
        batch=1,
        model=ModelRecord("M", "F", "A", 10),
        weights=WeightsRecord("demo", "demo", "0" * 64),
        preprocessing=Preprocessing(),
        inputs=(TensorSpec("x", "x", (1, 3, 224, 224), "float32", "image"),),
        outputs=(TensorSpec("logits", "logits", (1, 10), "float32"),),
        program_key="1" * 64,
        stages=(),
        rewrites=(),
        files={"M.onnx": FileRecord(file_sha256(source), source.stat().st_size, "model.onnx")},
    )


@pytest.fixture
def artifact(cache: Path, tmp_path: Path, source: Path) -> Path:
    folder = tmp_path / "out" / "M" / "onnx"
    write_artifact(folder, {"M.onnx": source}, manifest_of(source))
    return folder


def test_what_is_written_is_read_back(artifact: Path, source: Path) -> None:
    loaded = load_artifact(artifact)
    assert loaded.manifest == manifest_of(source)
    assert loaded.by_role()["model.onnx"].path.read_bytes() == source.read_bytes()
    assert sorted(path.name for path in artifact.parent.iterdir()) == ["onnx"]
    assert find_artifacts(artifact.parents[1]) == [artifact]


def test_an_artifact_is_replaced_as_a_whole(artifact: Path, source: Path) -> None:
    write_artifact(artifact, {"other.onnx": source}, renamed(manifest_of(source), "other.onnx"))
    assert sorted(path.name for path in artifact.iterdir()) == [FILE, "other.onnx"]
    assert [path.name for path in artifact.parent.iterdir()] == ["onnx"]


def renamed(manifest: Manifest, name: str) -> Manifest:
    """The manifest with its file under another name."""
    (record,) = manifest.files.values()
    return replace(manifest, files={name: record})


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda file: file.unlink(), "lacks its file M.onnx"),
        (lambda file: file.write_bytes(file.read_bytes()[:-1]), "is damaged: it has 6999 bytes"),
        (lambda file: file.write_bytes(b"W" + file.read_bytes()[1:]), "has been changed"),
    ],
)
def test_a_damaged_file_is_noticed(artifact: Path, damage, message: str) -> None:
    damage(artifact / "M.onnx")
    with pytest.raises(UsageError, match=message):
        load_artifact(artifact)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": 1}'])
def test_a_broken_manifest_is_one_sentence(artifact: Path, text: str) -> None:
    (artifact / FILE).write_text(text)
    with pytest.raises(UsageError, match="cannot be read"):
        load_artifact(artifact)


def test_a_manifest_of_a_newer_edgekit_is_refused(artifact: Path, source: Path) -> None:
    update_manifest(artifact, replace(manifest_of(source), schema=SCHEMA + 1, edgekit="9.0"))
    with pytest.raises(UsageError, match=r"written by edgekit 9\.0, which is newer"):
        load_artifact(artifact)


def test_a_newer_manifest_that_says_other_things_is_called_newer(artifact: Path) -> None:
    (artifact / FILE).write_text('{"schema": 99, "edgekit": "9.0", "preprocessing": {"lens": "fish"}}')
    with pytest.raises(UsageError, match=r"written by edgekit 9\.0, which is newer"):
        load_artifact(artifact)


def test_a_manifest_of_schema_1_still_loads(tmp_path: Path) -> None:
    """As edgekit wrote it when every input was a square of three channels."""
    shutil.copyfile(Path(__file__).parent / "manifest_schema_1.json", tmp_path / FILE)
    manifest = read_manifest(tmp_path)
    assert manifest.schema == 1
    assert manifest.preprocessing == Preprocessing(resize_short=73, crop=64)
    assert manifest.preprocessing.input_size == (64, 64)
    assert manifest.verdicts[0].verdict.status == "passed"
    assert "--input-size 64 " in f"{convert_command(manifest)} "


def test_what_is_written_has_sizes_of_height_and_width(artifact: Path, source: Path) -> None:
    spec = Preprocessing(resize="stretch", crop=(80, 160))
    update_manifest(artifact, replace(manifest_of(source), preprocessing=spec))
    written = json.loads((artifact / FILE).read_text())
    assert (written["schema"], written["preprocessing"]["crop"]) == (2, [80, 160])
    loaded = load_artifact(artifact).manifest
    assert loaded.preprocessing == spec
    assert "--input-size 80x160" in convert_command(loaded)


def test_a_manifest_cannot_name_files_elsewhere(artifact: Path, source: Path, tmp_path: Path) -> None:
    record = manifest_of(source).files["M.onnx"]
    update_manifest(artifact, replace(manifest_of(source), files={"../../../model.onnx": record}))
    with pytest.raises(UsageError, match="outside its folder"):
        load_artifact(artifact)


def test_a_source_that_changed_meanwhile_is_refused_and_the_old_artifact_stays(artifact: Path, source: Path) -> None:
    manifest = manifest_of(source)
    source.write_bytes(b"other")
    with pytest.raises(ConversionError, match="has changed since it was made"):
        write_artifact(artifact, {"M.onnx": source}, manifest)
    assert load_artifact(artifact).manifest == manifest
    assert [path.name for path in artifact.parent.iterdir()] == ["onnx"]


def test_a_full_disk_leaves_the_old_artifact(artifact: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> str:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("edgekit.artifact.write.copy_hashed", full)
    with pytest.raises(ConversionError, match="the disk is full"):
        write_artifact(artifact, {"M.onnx": source}, manifest_of(source))
    assert load_artifact(artifact).manifest == manifest_of(source)
    assert [path.name for path in artifact.parent.iterdir()] == ["onnx"]


def test_a_folder_that_is_no_artifact(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"is not an artifact: it has no manifest\.json"):
        load_artifact(tmp_path)


def test_names_that_are_not_utf_8_are_those_of_the_user(artifact: Path, source: Path, tmp_path: Path) -> None:
    """In the folder's own name, and in what the manifest says of where a model came from."""
    name = os.fsdecode(b"h\xff")
    folder = tmp_path / name / "M" / "onnx"
    said = replace(manifest_of(source), weights=WeightsRecord("program", name, "0" * 64))
    written = write_artifact(folder, {"M.onnx": source}, as_written(said))
    assert load_artifact(folder).manifest == written.manifest
    check_judged(written)
