"""`edgekit convert` a second time: what is written anew, and what stays with its verdicts."""

import json
import os
from pathlib import Path

import pytest

from edgekit.artifact.load import load_artifact
from edgekit.calibration.photos import FEWEST
from edgekit.cli.app import run
from edgekit.conversion.manifest import rewrite_records
from edgekit.pipeline.instruction_set import this_machine
from edgekit.pipeline.store import StageResult
from tests.calibration.test_calibration import write_photos
from tests.int8_project import MODEL, Int8Project


def test_an_artifact_of_photos_whose_names_are_not_utf_8_keeps_its_verdicts(
    int8_project: Int8Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = write_photos(tmp_path / os.fsdecode(b"caf\xe9"), FEWEST)
    for byte, photo in zip((b"\xe8", b"\xe9"), sorted(photos.iterdir())[:2], strict=True):
        photo.rename(photos / os.fsdecode(byte + b".png"))
    asked = ["convert", *MODEL, "-t", "onnx", "--precision", "int8", "--calibration", str(photos), "--verify"]
    assert run([*asked, "--out", str(int8_project.out), "--json"]) == 0
    folder = int8_project.out / "ResNet18" / "onnx-int8"
    first = load_artifact(folder).manifest
    assert first.verdicts and first.calibration is not None
    assert len(first.calibration.photos) == FEWEST
    assert {r"\xe8.png", r"\xe9.png"} < set(first.calibration.photos)
    capsys.readouterr()
    assert run([*asked[:-1], "--out", str(int8_project.out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["conversions"][0]["unchanged"]
    assert load_artifact(folder).manifest == first


def test_a_manifest_says_which_machine_it_was_made_for(int8_project: Int8Project) -> None:
    asked, found = ["convert", *MODEL, "-t", "ncnn", "--out", str(int8_project.out)], []
    for more in ([], ["--for", " ARMv7 "], ["--no-speed-rewrites"]):
        assert run([*asked, *more]) == 0
        found.append(load_artifact(int8_project.out / "ResNet18" / "ncnn").manifest)
    assert [(one.made_for, one.speed_rewrites) for one in found] == [
        (this_machine(), True), ("armv7", True), (None, False),
    ]  # fmt: skip


def test_a_record_of_a_rewrite_has_the_machines_that_the_recipe_binds_it_to() -> None:
    reports = [{"name": name, "applied": 1, "refused": []} for name in ("bound", "free")]
    result = StageResult(Path(), "k", "paddle/speed.py", {}, {"rewrites": reports}, {}, 0.0, 0.0, 0)
    bound = {"bound": ("x86_64",)}
    assert [one.machines for one in rewrite_records(result, "speed", bound)] == [("x86_64",), ()]
    # A repair of the same name is for every machine.
    assert [one.machines for one in rewrite_records(result, "program", bound)] == [(), ()]
