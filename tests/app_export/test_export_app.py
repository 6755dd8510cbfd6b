"""`edgekit export-app`: verified artifacts reach the app whole, others do not, and nobody else's file is touched."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from edgekit.app_export.chosen import chosen
from edgekit.app_export.write import ASSETS, copy
from edgekit.artifact.load import load_artifact
from edgekit.artifact.manifest import (
    FileRecord,
    Manifest,
    ModelRecord,
    RewriteRecord,
    TensorSpec,
    VariantVerdict,
    WeightsRecord,
)
from edgekit.artifact.write import update_manifest, write_artifact
from edgekit.cli.app import run
from edgekit.errors import UsageError
from edgekit.inputs.preprocessing import Preprocessing
from edgekit.parity import Verdict
from edgekit.pipeline.target import targets

PASSED = Verdict("passed", "Paddle", "fp32")
VERDICTS = {
    "ncnn": (VariantVerdict("", PASSED),),
    "openvino": (VariantVerdict("", PASSED),),
    "lite": (
        VariantVerdict("x86", PASSED),
        VariantVerdict("ARM", Verdict.not_run("needs an ARM device"), inspection="the same operators"),
    ),
}


def made(out: Path, target: str, name: str = "M", **changes: Any) -> Path:
    """An artifact, verified by its manifest."""
    scratch = out.parent / "scratch"
    scratch.mkdir(exist_ok=True)
    files, sources = {}, {}
    for role, pattern in targets()[target].description.files.items():
        file = pattern.format(model=name)
        content = f"{name} {role}".encode() * 100
        (scratch / file).write_bytes(content)
        files[file], sources[file] = FileRecord(hashlib.sha256(content).hexdigest(), len(content), role), scratch / file
    manifest = Manifest(
        edgekit="0.1.0", target=target, precision="fp32", batch=1, model=ModelRecord(name, "F", "A", 2, ("cat", "dog")),
        weights=WeightsRecord("demo", "demo", "0" * 64), preprocessing=Preprocessing(resize_short=36, crop=32),
        inputs=(TensorSpec("x", "x", (1, 3, 32, 32), "float32", "image"),),
        outputs=(TensorSpec("y", "y", (1, 2), "float32"),),
        program_key="1" * 64, stages=(), rewrites=(), files=files, verdicts=VERDICTS[target],
    )  # fmt: skip
    folder = out / name / target
    write_artifact(folder, sources, manifest)
    golden = b"golden samples"
    (folder / "golden.safetensors").write_bytes(golden)
    record = FileRecord(hashlib.sha256(golden).hexdigest(), len(golden), "golden")
    update_manifest(folder, replace(manifest, **{"golden": {"golden.safetensors": record}, **changes}))
    return folder


@pytest.fixture
def out(cache: Path, tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


@pytest.fixture
def app(tmp_path: Path) -> Path:
    (tmp_path / "demo" / "app" / "src" / "main").mkdir(parents=True)
    return tmp_path / "demo"


def files(app: Path) -> list[str]:
    assets = app / ASSETS
    return sorted(str(path.relative_to(assets)) for path in assets.rglob("*") if path.is_file())


def test_ranges_of_the_layers_go_along(out: Path, app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The app has no need of them, but its folder stays an artifact, whole."""
    record = FileRecord(hashlib.sha256(b"{}").hexdigest(), 2, "ranges")
    folder = made(out, "ncnn", ranges={"ranges.json": record})
    assert "lacks its file ranges.json" in refused(capsys, 2, app, str(folder))
    (folder / "ranges.json").write_bytes(b"{}")
    assert run(["export-app", str(folder), "--to", str(app)]) == 0
    assert "M/ncnn/ranges.json" in files(app)
    assert set(load_artifact(app / ASSETS / "M" / "ncnn").manifest.ranges) == {"ranges.json"}


def test_artifacts_reach_the_assets_with_a_list(out: Path, app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for target in ("ncnn", "lite", "openvino"):
        made(out, target)
    assert run(["export-app", "M", "--to", str(app), "--out", str(out), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assets = app / ASSETS
    assert json.loads((assets / "index.json").read_text()) == {
        "schema_version": 1,
        "models": [
            {"model": "M", "target": "lite", "folder": "M/lite", "title": "M · Paddle Lite FP32"},
            {"model": "M", "target": "ncnn", "folder": "M/ncnn", "title": "M · ncnn FP32"},
        ],
    }
    # Of Paddle Lite the file for x86 stays here, and the manifest is the same, byte for byte.
    assert files(app) == [
        "M/lite/M.arm.nb", "M/lite/golden.safetensors", "M/lite/manifest.json",
        "M/ncnn/M.ncnn.bin", "M/ncnn/M.ncnn.param", "M/ncnn/golden.safetensors", "M/ncnn/manifest.json", "index.json",
    ]  # fmt: skip
    for target in ("lite", "ncnn"):
        assert (assets / "M" / target / "manifest.json").read_bytes() == (
            out / "M" / target / "manifest.json"
        ).read_bytes()
    load_artifact(assets / "M" / "ncnn")
    sizes = {one["folder"]: one["bytes"] for one in document["models"]}
    for folder, size in sizes.items():
        assert size == sum(path.stat().st_size for path in (assets / folder).iterdir())
    assert document["bytes"] == sum(sizes.values())
    assert not [path for path in assets.parent.iterdir() if path.name != "models"]


def test_an_artifact_made_for_a_desk_is_exported_with_a_note(
    out: Path, app: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bound = RewriteRecord("merge-mixed-depthwise", 13, of="speed", machines=("x86_64",))
    made(out, "ncnn", "A", rewrites=(bound,), made_for="x86_64")
    made(out, "ncnn", "B", rewrites=(replace(bound, machines=("aarch64",)),), made_for="aarch64")
    assert run(["export-app", "A", "B", "--to", str(app), "--out", str(out)]) == 0
    said = " ".join(capsys.readouterr().err.split())
    assert "A on ncnn has merge-mixed-depthwise, measured to be faster on x86_64 alone" in said
    assert "convert it with --for aarch64" in said
    assert "B on ncnn" not in said


def test_what_a_call_no_longer_names_goes(out: Path, app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made(out, "ncnn", "A")
    made(out, "ncnn", "B")
    to = ["--to", str(app), "--out", str(out)]
    assert run(["export-app", "A", "B", *to]) == 0
    (app / ASSETS / "README.md").write_text("mine")
    (app / ASSETS / "A" / "ncnn" / "notes.txt").write_text("mine")
    # A developer's file in an artifact is nobody's to replace.
    assert run(["export-app", "A", *to]) == 2
    assert "holds notes.txt, which edgekit did not write" in capsys.readouterr().err
    (app / ASSETS / "A" / "ncnn" / "notes.txt").unlink()
    assert run(["export-app", "A", *to]) == 0
    assert "removed B/ncnn" in capsys.readouterr().out
    assert not (app / ASSETS / "B").exists()
    assert (app / ASSETS / "README.md").read_text() == "mine"
    assert "A/ncnn/manifest.json" in files(app)


@pytest.mark.parametrize("what", ["file", "folder", "link", "list", "escape"])
def test_what_edgekit_did_not_write_stays(
    out: Path, app: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    made(out, "ncnn")
    assets = app / ASSETS
    assets.mkdir(parents=True)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    if what == "file":
        (assets / "labels.txt").write_text("mine")
    elif what == "folder":
        (assets / "M" / "ncnn").mkdir(parents=True)
        (assets / "M" / "ncnn" / "mine.bin").write_text("mine")
    elif what == "link":
        (assets / "M").symlink_to(outside)
    elif what == "list":
        (assets / "index.json").write_text('["mine"]')
    else:
        entry = {"model": "M", "target": "ncnn", "folder": "../../outside", "title": ""}
        (assets / "index.json").write_text(json.dumps({"schema_version": 1, "models": [entry]}))
    before = {path: path.read_bytes() for path in assets.rglob("*") if path.is_file()}
    assert run(["export-app", "M", "--to", str(app), "--out", str(out)]) == 2
    assert capsys.readouterr().err.startswith("edgekit: ")
    assert {path: path.read_bytes() for path in assets.rglob("*") if path.is_file()} == before
    assert (outside / "kept").read_text() == "kept"


def refused(capsys: pytest.CaptureFixture[str], status: int, app: Path, *words: str) -> str:
    assert run(["export-app", *words, "--to", str(app)]) == status
    assert not (app / ASSETS).exists()
    return capsys.readouterr().err


def test_what_was_altered_or_not_verified_is_refused(out: Path, app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = made(out, "ncnn", "Altered")
    (folder / "Altered.ncnn.bin").write_bytes((folder / "Altered.ncnn.bin").read_bytes().replace(b"A", b"B"))
    assert "has been changed" in refused(capsys, 2, app, str(folder))
    folder = made(out, "ncnn", "Unverified", verdicts=())
    assert "has not been verified" in refused(capsys, 2, app, str(folder))
    failed = (VariantVerdict("", Verdict.failed("it is off by 0.3")),)
    assert "it is off by 0.3" in refused(capsys, 1, app, str(made(out, "ncnn", "Wrong", verdicts=failed)))
    fp16 = (VariantVerdict("", Verdict("passed", "Paddle", "fp16")),)
    assert "has not been verified" in refused(capsys, 2, app, str(made(out, "ncnn", "Half", verdicts=fp16)))
    assert "no golden samples" in refused(capsys, 2, app, str(made(out, "ncnn", "Bare", golden={})))
    arm = (VERDICTS["lite"][0],)
    assert "has not been verified" in refused(capsys, 2, app, str(made(out, "lite", "X86", verdicts=arm)))
    only = (VERDICTS["lite"][1],)
    assert "has not been verified" in refused(capsys, 2, app, str(made(out, "lite", "Arm", verdicts=only)))


def test_other_targets_and_places_are_refused(
    out: Path, app: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = made(out, "openvino")
    assert "the app runs ncnn and lite" in refused(capsys, 2, app, str(folder))
    assert "not onnx" in refused(capsys, 2, app, "M", "--target", "onnx")
    assert "no ncnn or lite artifact of M" in refused(capsys, 3, app, "M", "--out", str(out))
    folder = made(out, "ncnn", "_hidden")
    assert "Android leaves such folders out" in refused(capsys, 2, app, str(folder))
    folder = made(out, "ncnn")
    assert "is no Android app" in refused(capsys, 2, tmp_path / "elsewhere", str(folder))
    other = tmp_path / "other"
    shutil.copytree(out / "M", other / "M")
    said = refused(capsys, 2, app, str(folder), str(other / "M" / "ncnn"))
    assert "two of the artifacts are M/ncnn" in said


def test_what_the_app_cannot_compute_in_is_refused(out: Path, app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    int8 = made(out, "ncnn", precision="int8", verdicts=(VariantVerdict("", Verdict("passed", "Paddle", "int8")),))
    int8 = int8.rename(int8.with_name("ncnn-int8"))
    to = ["--to", str(app), "--out", str(out)]
    said = refused(capsys, 2, app, "M", "--out", str(out))
    assert "ncnn-int8 is INT8, and the app takes FP32 and FP16. Export another: `edgekit convert" in said
    # Beside another one it is passed over, unless it is named.
    made(out, "ncnn")
    assert run(["export-app", str(int8), *to]) == 2
    assert run(["export-app", "M", *to]) == 0
    assert not [name for name in files(app) if "int8" in name]


def test_what_changes_meanwhile_is_not_exported(out: Path, tmp_path: Path) -> None:
    folder = made(out, "ncnn")
    one = chosen(load_artifact(folder))
    update_manifest(folder, replace(one.artifact.manifest, verdicts=()))
    with pytest.raises(UsageError, match=f"{folder} was changed while it was copied"):
        copy(one, tmp_path / "verified again")
    (folder / "M.ncnn.bin").write_bytes(b"strange")
    with pytest.raises(UsageError, match=r"M\.ncnn\.bin was changed while it was copied"):
        copy(one, tmp_path / "other weights")


def test_a_signature_travels(out: Path, app: Path) -> None:
    folder = made(out, "ncnn")
    (folder / "manifest.json.minisig").write_text("a signature")
    assert run(["export-app", str(folder), "--to", str(app)]) == 0
    assert (app / ASSETS / "M" / "ncnn" / "manifest.json.minisig").read_text() == "a signature"
