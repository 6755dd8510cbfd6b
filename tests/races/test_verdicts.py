"""A verdict is written only into the artifact that was judged."""

import json
import shutil
from pathlib import Path

import pytest

from edgekit.artifact.load import read_manifest
from edgekit.artifact.manifest import FILE
from tests.races.conftest import Races

MODEL = ("ResNet18", "-w", "synthetic:0", "-t", "alpha")
RUN = "alpha/run ResNet18"


def artifact(races: Races) -> Path:
    folder = races.out / "ResNet18" / "alpha"
    assert races.here("convert", *MODEL) == 0
    races.project.forget()
    return folder


def replaced_by_another_conversion(races: Races, folder: Path) -> None:
    assert races.here("convert", *MODEL, "--batch", "4") == 0


def changed_in_its_place(races: Races, folder: Path) -> None:
    path = folder / "ResNet18.alpha"
    path.write_text(path.read_text().replace("x", "y"))


def written_again_with_the_same_bytes(races: Races, folder: Path) -> None:
    """Nobody can say which bytes the runtime has read."""
    path = folder / "ResNet18.alpha"
    path.write_bytes(path.read_bytes())


def removed(races: Races, folder: Path) -> None:
    shutil.rmtree(folder)


def with_another_manifest(races: Races, folder: Path) -> None:
    text = (folder / FILE).read_text()
    (folder / FILE).write_text(text.replace('"batch": 1', '"batch": 2'))


@pytest.mark.parametrize(
    "change",
    [
        replaced_by_another_conversion,
        changed_in_its_place,
        written_again_with_the_same_bytes,
        removed,
        with_another_manifest,
    ],
)
def test_a_verdict_on_what_was_changed_meanwhile_is_discarded(races: Races, change) -> None:
    folder = artifact(races)
    with races.held(RUN, "verify", "ResNet18") as verify:
        change(races, folder)
        before = (folder / FILE).read_bytes() if folder.exists() else b""
    shown, said = verify.communicate()
    assert verify.returncode == 4, said
    assert "passed" not in shown
    # The path breaks where a line ends.
    sentence = f"{folder} was changed while it was verified, and its verdict is discarded. Run"
    assert "".join(sentence.split()) in "".join(shown.split())
    assert "Traceback" not in said
    if folder.exists():
        assert (folder / FILE).read_bytes() == before
        assert json.loads(before)["verdicts"] == []
        assert sorted(path.name for path in folder.iterdir()) == ["ResNet18.alpha", FILE]


def test_converting_to_the_same_again_disturbs_no_verdict(races: Races) -> None:
    folder = artifact(races)
    with races.held(RUN, "verify", "ResNet18") as verify:
        assert races.here("convert", *MODEL) == 0
    _, said = verify.communicate()
    assert verify.returncode == 0, said
    assert [one.verdict.status for one in read_manifest(folder).verdicts] == ["passed"]


def test_two_verifications_at_once_agree(races: Races) -> None:
    folder = artifact(races)
    with races.held(RUN, "verify", "ResNet18") as first:
        second = races.start(RUN, "verify", "ResNet18")
    for process in (first, second):
        _, said = process.communicate()
        assert process.returncode == 0, said
    manifest = read_manifest(folder)
    assert [one.verdict.status for one in manifest.verdicts] == ["passed"]
    assert sorted(path.name for path in folder.iterdir()) == ["ResNet18.alpha", *manifest.golden, FILE]


def test_a_matrix_keeps_no_verdict_on_what_was_changed_meanwhile(races: Races) -> None:
    models = ("--models", "ResNet18", "-t", "alpha", "--json")
    with races.held(RUN, "matrix", *models) as matrix:
        changed_in_its_place(races, races.out / "ResNet18" / "alpha")
    shown, said = matrix.communicate()
    assert matrix.returncode == 1, said
    assert "was changed while it was verified, and its verdict is discarded" in shown
    assert read_manifest(races.out / "ResNet18" / "alpha").verdicts == ()
    races.project.forget()
    assert races.here("matrix", *models) == 0, "the next run makes it again"


def test_a_matrix_waits_for_another_in_the_same_folder(races: Races) -> None:
    arguments = ("matrix", "--models", "ResNet18", "-t", "alpha", "--keep", "reports")
    with races.held(RUN, *arguments) as first:
        second = races.start(RUN, *arguments)
        assert second.stderr is not None
        assert "another `edgekit matrix` writes into" in second.stderr.readline()
    for process in (first, second):
        _, said = process.communicate()
        assert process.returncode == 0, said
    assert races.project.called().count(RUN) == 1
    assert sorted(path.name for path in races.out.iterdir()) == ["cells", "matrix.html", "matrix.json"]


def test_a_verification_beside_a_matrix_that_removes_what_it_judged(races: Races) -> None:
    folder = artifact(races)
    with races.held(RUN, "verify", "ResNet18") as verify:
        races.project.forget()
        removal = races.start("", "matrix", "--models", "ResNet18", "-t", "alpha", "--keep", "reports", "--no-latency")
        _, said = removal.communicate()
        assert removal.returncode == 0, said
        assert not folder.exists()
    shown, said = verify.communicate()
    assert verify.returncode == 4, said
    assert "its verdict is discarded" in " ".join(shown.split())
