"""Files of the user in the folders that they name: refused by name before any work, and never changed."""

import os
from pathlib import Path

import pytest

from edgekit.cli.app import run
from edgekit.diagnose.reproducer import REPRODUCER
from edgekit.errors import UsageError
from edgekit.filesystem.owned import check_folder
from edgekit.reference.bundle import check_place
from tests.races.conftest import Races

MODEL = ("ResNet18", "-w", "synthetic:0", "-t", "alpha,beta")
MATRIX = ("matrix", "--models", "ResNet18", "-t", "alpha")


def test_a_conversion_refuses_a_place_before_any_work_and_makes_the_others(
    races: Races, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = races.out / "ResNet18" / "alpha"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    assert races.here("convert", *MODEL) == 2
    assert f"{mine} is a file, and no artifact of edgekit. Move it away" in capsys.readouterr().err
    assert mine.read_text() == "mine"
    assert (races.out / "ResNet18" / "beta" / "manifest.json").is_file()
    assert not any(call.startswith("alpha/") for call in races.project.called())


@pytest.mark.parametrize("command", [("convert", *MODEL), MATRIX, ("bench", *MODEL)])
def test_a_note_in_an_artifact_stays(races: Races, command: tuple[str, ...]) -> None:
    assert races.here(*command) == 0
    (folder,) = {path.parent for path in races.out.rglob("manifest.json") if path.parent.name == "alpha"}
    (folder / "notes.txt").write_text("mine")
    text = (folder / "manifest.json").read_text()
    (folder / "manifest.json").write_text(text.replace('"seconds": ', '"seconds": 1'))  # not what is made now
    for cells in races.out.rglob("cells/*/*.json"):
        cells.unlink()
    assert races.here(*command) in (1, 2, 4)
    assert (folder / "notes.txt").read_text() == "mine"
    assert (folder / "manifest.json").exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("matrix.json", '{"weights": [1, 2]}'),
        ("matrix.html", "<html>mine</html>"),
        ("cells/ResNet18/alpha.json", '{"mine": 1}'),
        ("page.md", "# My notes"),
    ],
)
@pytest.mark.parametrize("linked", [False, True])
def test_a_matrix_refuses_to_write_over_a_file(
    races: Races, capsys: pytest.CaptureFixture[str], name: str, content: str, linked: bool
) -> None:
    path = races.out / name
    path.parent.mkdir(parents=True)
    if linked:
        (races.out.parent / "mine").write_text(content)
        path.symlink_to(races.out.parent / "mine")
    else:
        path.write_text(content)
    assert races.here(*MATRIX, "--support-page", str(races.out / "page.md")) == 2
    assert str(path) in capsys.readouterr().err
    assert path.read_text() == content
    assert path.is_symlink() == linked
    assert races.project.called() == []


def test_a_matrix_writes_over_its_own_files(races: Races) -> None:
    page = races.out / "page.md"
    page.parent.mkdir(parents=True)
    page.touch()  # an empty file is nobody's
    for _ in range(2):
        assert races.here(*MATRIX, "--support-page", str(page)) == 0
    assert page.read_text().startswith("# What runs where")
    record = races.out / "cells" / "ResNet18" / "alpha.json"
    record.write_bytes(record.read_bytes()[:50])
    assert races.here(*MATRIX) == 0, "a damaged record is made again"


def test_what_a_killed_matrix_left_beside_its_files_goes(races: Races) -> None:
    assert races.here(*MATRIX) == 0
    (races.out / ".matrix.json.edgekit-0123456789abcdef").touch()
    (races.out / ".matrix.json.partial").write_text("mine")
    assert races.here(*MATRIX) == 0
    assert sorted(path.name for path in races.out.iterdir()) == [
        ".matrix.json.partial", "ResNet18", "cells", "matrix.html", "matrix.json",
    ]  # fmt: skip


def test_a_bundle_is_not_written_over_other_files(tmp_path: Path, cache: Path) -> None:
    weights = tmp_path / "weights.safetensors"
    weights.write_bytes(b'\x40\0\0\0\0\0\0\0{"a": {"dtype": "F32"')
    with pytest.raises(UsageError, match=r"weights\.safetensors is there already, and is no reference bundle"):
        check_place(weights)
    status = run(["reference", "record", "MixNet_S", "-b", "paddle-cpu", "-w", "demo", "-o", str(weights)])
    assert status == 2
    assert len(weights.read_bytes()) == 29


@pytest.mark.parametrize("case", ["[]", "{", '{"files": "model.onnx"}', '{"inputs": {}}'])
def test_a_folder_with_another_case_is_no_reproducer(tmp_path: Path, case: str) -> None:
    (tmp_path / "case.json").write_text(case)
    with pytest.raises(UsageError, match=r"is no reproducer of edgekit: it holds case\.json"):
        check_folder(tmp_path, REPRODUCER)


def test_a_reproducer_with_a_note_is_refused(tmp_path: Path) -> None:
    (tmp_path / "case.json").write_text('{"files": ["model.onnx"]}')
    (tmp_path / "model.onnx").touch()
    check_folder(tmp_path, REPRODUCER)
    (tmp_path / "notes.txt").touch()
    with pytest.raises(UsageError, match=r"holds notes\.txt, which edgekit did not write"):
        check_folder(tmp_path, REPRODUCER)


def test_diagnose_refuses_a_folder_of_the_users(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    assert run(["diagnose", "MixNet_S", "-t", "onnx", "--reproducer", str(tmp_path)]) == 2
    assert "is no reproducer of edgekit: it holds thesis.txt" in capsys.readouterr().err
    assert os.listdir(tmp_path) == ["thesis.txt"]  # noqa: PTH208
