"""`edgekit convert --max-drop` and `--keep-float` on fake converters: what is run, what is written, what is refused."""

import json
from pathlib import Path

import pytest

from edgekit.artifact.load import load_artifact
from edgekit.calibration.photos import FEWEST
from edgekit.cli.app import run
from tests.calibration.test_calibration import write_photos
from tests.int8_project import MODEL, Int8Project


def convert(project: Int8Project, *arguments: str) -> int:
    photos = ("--calibration", str(write_photos(project.out.with_name("calibration"), FEWEST)))
    if "--calibration" in arguments:
        photos = ()
    out = ("--out", str(project.out))
    return run(["convert", *MODEL, "-t", "onnx", "--precision", "int8", *out, *photos, *arguments])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_photos(tmp_path / "data", 60, first=1000)


def test_as_many_layers_stay_as_keep_the_drop(
    int8_project: Int8Project, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert convert(int8_project, "--max-drop", "0", "--data", str(data), "--json") == 0
    control = json.loads(capsys.readouterr().out)["conversions"][0]["manifest"]["accuracy_control"]
    assert [layer["name"] for layer in control["layers"]] == [f"layer {number}" for number in range(4)]
    told = [control[name] for name in ("asked", "ranked", "photos", "of", "drop")]
    assert told == ["--max-drop 0", 12, 60, "agreement", 0]
    assert 20 < control["drop_of_all"] < 60
    # 0, 1, 2 and 4 layers, then the one between: each is made and run once, and the reference is run once for all.
    called = int8_project.called()
    assert [one for one in called if "quantize" in one] == [f"onnx.quantize {count}" for count in (0, 1, 2, 4, 3)]
    assert called.count("onnx.rank 0") == 1
    assert (int8_project.out / "ResNet18" / "onnx-int8" / "ResNet18.onnx").read_text().count("layer") == 4


def test_so_many_of_the_costliest_stay(int8_project: Int8Project) -> None:
    assert convert(int8_project, "--keep-float", "2") == 0
    control = load_artifact(int8_project.out / "ResNet18" / "onnx-int8").manifest.accuracy_control
    assert control is not None and [layer.name for layer in control.layers] == ["layer 0", "layer 1"]
    assert not any("stream" in one for one in int8_project.called())


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--data", "--data nowhere: there is no such folder or file"),
        ("--calibration", "--calibration nowhere: there is no such folder"),
    ],
)
def test_photos_that_are_not_there_are_said_before_any_work(
    int8_project: Int8Project, data: Path, option: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = {"--data": str(data)} | {option: "nowhere"}
    given = [word for pair in photos.items() for word in pair]
    assert convert(int8_project, "--max-drop", "1", *given) == 2
    assert said in capsys.readouterr().err
    assert int8_project.called() == []


def test_an_occupied_place_is_said_before_any_work(
    int8_project: Int8Project, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = int8_project.out / "ResNet18" / "onnx-int8"
    mine.mkdir(parents=True)
    (mine / "thesis.txt").write_text("mine")
    assert convert(int8_project, "--max-drop", "1", "--data", str(data)) == 2
    assert str(mine) in capsys.readouterr().err
    assert int8_project.called() == []


def test_photos_that_do_not_fit_are_said_before_a_layer_is_ranked(
    int8_project: Int8Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = write_photos(tmp_path / "photos", FEWEST)
    assert convert(int8_project, "--max-drop", "1", "--data", str(photos), "--calibration", str(photos)) == 2
    assert "is to be used to evaluate, and the model was calibrated on it" in capsys.readouterr().err
    wrong = write_photos(tmp_path / "wrong", 1)
    (wrong / "val_list.txt").write_text("0000.png 1000\n")
    assert convert(int8_project, "--max-drop", "1", "--data", str(wrong)) == 2
    assert "the class 1000, and the model has 1000 classes, counted from 0" in capsys.readouterr().err
    # The program alone was made, once: its outputs say what fits.
    assert int8_project.called() == ["paddle.synthesize 0", "paddle.export 0"]


def test_where_a_ranking_fails_its_sentence_is_the_conversions(
    int8_project: Int8Project, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    int8_project.fail("onnx/rank")
    assert convert(int8_project, "--max-drop", "1", "--data", str(data)) == 4
    assert "the layer Foo is unknown" in capsys.readouterr().err
    assert not (int8_project.out / "ResNet18" / "onnx-int8").exists()
