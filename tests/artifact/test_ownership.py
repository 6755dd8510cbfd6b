"""Files of the user where an artifact belongs: refused by name, never replaced, never removed."""

import os
from pathlib import Path

import pytest

from edgekit.artifact.golden import write_golden
from edgekit.artifact.load import load_artifact, read_manifest
from edgekit.artifact.manifest import FILE
from edgekit.artifact.owned import ARTIFACT, GOLDEN
from edgekit.artifact.write import write_artifact
from edgekit.errors import UsageError
from edgekit.filesystem.owned import MARK, remove_folder
from edgekit.inputs.golden import golden_inputs
from edgekit.inputs.preprocessing import Preprocessing
from tests.artifact.test_artifact import manifest_of, renamed


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"weights" * 1000)
    return path


@pytest.fixture
def place(cache: Path, tmp_path: Path) -> Path:
    """Where the artifact belongs; its folder's parent is there."""
    folder = tmp_path / "out" / "M" / "onnx"
    folder.parent.mkdir(parents=True)
    return folder


def write(place: Path, source: Path) -> None:
    write_artifact(place, {"M.onnx": source}, manifest_of(source))


def tree(folder: Path) -> dict[str, bytes | str]:
    """Everything in a folder by relative name: a file's bytes, or where a link leads."""
    found: dict[str, bytes | str] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        found[name] = str(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else "folder"
    return found


def a_file(place: Path) -> None:
    place.write_text("mine")


def a_folder(place: Path) -> None:
    place.mkdir()
    (place / "thesis.txt").write_text("mine")


def a_folder_with_another_manifest(place: Path) -> None:
    """Such as that of a web application."""
    place.mkdir()
    (place / FILE).write_text('{"name": "App", "files": ["a"]}')


def a_folder_with_a_broken_manifest(place: Path) -> None:
    place.mkdir()
    (place / FILE).write_text("{")


def a_link(place: Path) -> None:
    (place.parent / "elsewhere").mkdir()
    (place.parent / "elsewhere" / "thesis.txt").write_text("mine")
    place.symlink_to(place.parent / "elsewhere")


def a_link_to_nothing(place: Path) -> None:
    place.symlink_to(place.parent / "nowhere")


def a_pipe(place: Path) -> None:
    os.mkfifo(place)


@pytest.mark.parametrize(
    ("put", "said"),
    [
        (a_file, "is a file, and no artifact"),
        (a_folder, r"is no artifact of edgekit: it holds thesis\.txt"),
        (a_folder_with_another_manifest, r"it holds manifest\.json"),
        (a_folder_with_a_broken_manifest, r"it holds manifest\.json"),
        (a_link, "is a link"),
        (a_link_to_nothing, "is a link"),
        (a_pipe, "is a device or a pipe"),
    ],
)
def test_what_edgekit_did_not_write_is_refused_by_name_and_stays(place: Path, source: Path, put, said: str) -> None:
    put(place)
    before = tree(place.parent) if put is not a_pipe else {}
    with pytest.raises(UsageError, match=said) as caught:
        write(place, source)
    assert caught.value.message.startswith(str(place))
    assert caught.value.remedy == "Move it away, or choose another place."
    if before:
        assert tree(place.parent) == before


def test_an_empty_folder_is_nobodys(place: Path, source: Path) -> None:
    place.mkdir()
    write(place, source)
    assert load_artifact(place).manifest == manifest_of(source)


def a_note(folder: Path) -> str:
    (folder / "notes.txt").write_text("mine")
    return "holds notes.txt"


def a_folder_inside(folder: Path) -> str:
    (folder / "results").mkdir()
    (folder / "results" / "1.txt").write_text("mine")
    return "holds results"


def a_folder_in_the_place_of_a_file(folder: Path) -> str:
    (folder / "M.onnx").unlink()
    (folder / "M.onnx").mkdir()
    (folder / "M.onnx" / "1.txt").write_text("mine")
    return "M.onnx is a folder"


def a_link_in_the_place_of_a_file(folder: Path) -> str:
    (folder / "M.onnx").rename(folder.parent / "kept.onnx")
    (folder / "M.onnx").symlink_to(folder.parent / "kept.onnx")
    return "M.onnx is a link"


def golden_inputs_of_somebody(folder: Path) -> str:
    (folder / GOLDEN).write_bytes(b"mine")
    return f"holds {GOLDEN}"


EXTRAS = [
    a_note,
    a_folder_inside,
    a_folder_in_the_place_of_a_file,
    a_link_in_the_place_of_a_file,
    golden_inputs_of_somebody,
]


@pytest.mark.parametrize("put", EXTRAS)
def test_what_somebody_put_into_an_artifact_keeps_it_from_being_replaced(place: Path, source: Path, put) -> None:
    write(place, source)
    said = put(place)
    before = tree(place.parent)
    with pytest.raises(UsageError, match=said):
        write_artifact(place, {"new.onnx": source}, renamed(manifest_of(source), "new.onnx"))
    assert tree(place.parent) == before


@pytest.mark.parametrize("put", EXTRAS)
def test_what_somebody_put_into_an_artifact_stays_when_that_is_removed(place: Path, source: Path, put) -> None:
    write(place, source)
    put(place)
    before = tree(place)
    with_marks = {name: content for name, content in before.items() if content == b"mine" or content == "folder"}
    remove_folder(place, ARTIFACT)
    after = tree(place)
    assert {name: content for name, content in after.items() if name in with_marks} == with_marks
    assert FILE not in after
    assert not (place / "M.onnx").is_file() or (place / "M.onnx").is_symlink()


def test_an_artifact_is_removed_whole(place: Path, source: Path) -> None:
    write(place, source)
    remove_folder(place, ARTIFACT)
    assert list(place.parent.iterdir()) == []


def test_a_file_that_arrives_while_the_new_artifact_is_written_moves_over(
    place: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(place, source)
    import edgekit.filesystem.owned

    def late(folder: Path, kind) -> None:
        (folder / "notes.txt").write_text("mine")

    check = edgekit.filesystem.owned.check_folder
    monkeypatch.setattr(
        edgekit.filesystem.owned, "check_folder", lambda folder, kind: (check(folder, kind), late(folder, kind))
    )
    write_artifact(place, {"new.onnx": source}, renamed(manifest_of(source), "new.onnx"))
    assert sorted(path.name for path in place.iterdir()) == [FILE, "new.onnx", "notes.txt"]
    assert (place / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("swapped", [True, False])
def test_where_names_cannot_be_swapped_the_old_one_is_moved_first(
    place: Path, source: Path, monkeypatch: pytest.MonkeyPatch, swapped: bool
) -> None:
    write(place, source)
    if not swapped:
        monkeypatch.setattr("edgekit.filesystem.owned.exchange", lambda *_: False)
    write_artifact(place, {"new.onnx": source}, renamed(manifest_of(source), "new.onnx"))
    assert sorted(path.name for path in place.iterdir()) == [FILE, "new.onnx"]
    assert [path.name for path in place.parent.iterdir()] == ["onnx"]


def test_the_users_own_hidden_neighbours_stay(place: Path, source: Path) -> None:
    mine = place.parent
    for name in (".onnx.backup", ".onnx.old-0123abcd", ".onnx.1234-0123abcd", ".onnx.edgekit-0123456789abcdef"):
        (mine / name).mkdir()
        (mine / name / "thesis.txt").write_text("mine")
    (mine / ".onnx.swp").write_text("mine")
    before = tree(mine)
    write(place, source)
    write_artifact(place, {"new.onnx": source}, renamed(manifest_of(source), "new.onnx"))
    remove_folder(place, ARTIFACT)
    assert tree(mine) == before


def test_what_a_killed_run_left_goes_with_the_next(place: Path, source: Path) -> None:
    half = place.parent / ".onnx.edgekit-0123456789abcdef"
    (half / "artifact").mkdir(parents=True)
    (half / "artifact" / "M.onnx").write_text("half")
    (half / MARK).touch()
    (place.parent / ".onnx.edgekit-fedcba9876543210").mkdir()  # killed before it was marked
    write(place, source)
    assert [path.name for path in place.parent.iterdir()] == ["onnx"]
    (place / f".{FILE}.edgekit-0123456789abcdef").write_text("half")
    (place / f".{GOLDEN}.partial").write_text("half, of an earlier version")
    write(place, source)
    assert sorted(path.name for path in place.iterdir()) == ["M.onnx", FILE]


def test_golden_inputs_of_somebody_are_not_replaced(place: Path, source: Path) -> None:
    write(place, source)
    (place / GOLDEN).write_bytes(b"mine")
    golden = golden_inputs(Preprocessing(resize_short=64, crop=64), "x")
    before = read_manifest(place)
    with pytest.raises(UsageError, match=r"golden\.safetensors is there already"):
        write_golden(place, before, golden.tensors, {"logits": golden.tensors["x"]}, golden.labels, golden.kinds)
    assert (place / GOLDEN).read_bytes() == b"mine"
    assert read_manifest(place) == before


def test_golden_inputs_that_a_killed_run_left_unnamed_are_edgekits(place: Path, source: Path) -> None:
    write(place, source)
    golden = golden_inputs(Preprocessing(resize_short=64, crop=64), "x")
    manifest = manifest_of(source)
    write_golden(place, manifest, golden.tensors, {"logits": golden.tensors["x"]}, golden.labels, golden.kinds)
    (place / FILE).write_bytes((place / FILE).read_bytes().replace(GOLDEN.encode(), b"other.safetensors"))
    write(place, source)
    assert sorted(path.name for path in place.iterdir()) == ["M.onnx", FILE]
