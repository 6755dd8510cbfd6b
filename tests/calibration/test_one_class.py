"""Photos of one class alone: what is refused, what is said, and what is taken without a word."""

from pathlib import Path

import pytest

from edgekit.calibration.one_class import check_class_folder, one_class_note
from edgekit.calibration.photos import FEWEST
from edgekit.errors import UsageError
from tests.calibration.test_calibration import write_photos
from tests.int8_project import MODEL, Int8Project, int8_project

__all__ = ["int8_project"]
ANIMALS = ("cat", "dog", "frog")


def names_of(folder: Path) -> list[str]:
    return [str(path.relative_to(folder)) for path in sorted(folder.rglob("*.png"))]


def classes(folder: Path, *names: str, each: int = 2) -> Path:
    """A folder with one for each class."""
    folder.mkdir(parents=True)
    for number, name in enumerate(names):
        write_photos(folder / name, each, first=each * number)
    return folder


def note_of(folder: Path, class_names: tuple[str, ...] = ()) -> str | None:
    return one_class_note(str(folder), names_of(folder), class_names)


def test_photos_of_several_classes_need_no_word(tmp_path: Path) -> None:
    assert note_of(classes(tmp_path / "data", *ANIMALS), ANIMALS) is None
    check_class_folder(str(tmp_path / "data"), ANIMALS)


def test_one_folder_that_is_called_as_a_class_is_one_class(tmp_path: Path) -> None:
    note = note_of(classes(tmp_path / "data", "dog"), ANIMALS)
    assert note is not None and note.startswith("all 2 calibration photos are of one class, dog: ")
    note = note_of(classes(tmp_path / "other" / "train", "dog").parent, ANIMALS)
    assert note is not None and note.startswith("all 2 calibration photos are of one class, dog: ")


def test_one_folder_of_another_name_is_said_with_an_if(tmp_path: Path) -> None:
    note = note_of(classes(tmp_path / "data", "street"), ANIMALS)
    assert note is not None and note.startswith("all 2 calibration photos lie in street: if it is one class, ranges")
    assert "lie in dog: if it is" in str(note_of(classes(tmp_path / "unknown", "dog")))


@pytest.mark.parametrize("split", ["train", "val", "Calibration"])
def test_a_split_is_no_class(split: str, tmp_path: Path) -> None:
    assert note_of(classes(tmp_path / "data", split)) is None
    classes(tmp_path / "beside", split, "a", "b")
    assert note_of(tmp_path / "beside" / split) is None


def test_chosen_photos_count_not_folders(tmp_path: Path) -> None:
    data = classes(tmp_path / "data", *ANIMALS)
    note = one_class_note(str(data), [name for name in names_of(data) if name.startswith("cat/")], ANIMALS)
    assert note is not None and "one class, cat" in note


def test_a_class_beside_others_of_the_model_is_refused_with_the_way_out(tmp_path: Path) -> None:
    data = classes(tmp_path / "data", *ANIMALS, "birds")
    with pytest.raises(UsageError) as caught:
        check_class_folder(str(data / "dog"), ANIMALS)
    assert caught.value.message.endswith("holds photos of one class, dog, and cat and 1 other classes lie beside it")
    assert caught.value.remedy == f"Give the folder of all classes: `--calibration {data}`."


def test_it_is_not_refused_where_one_name_is_no_class_or_a_folder_is_empty(tmp_path: Path) -> None:
    data = classes(tmp_path / "data", "dog", "birds")
    (data / "cat").mkdir()
    (data / "frog").mkdir()
    (data / "frog" / "._a.png").write_bytes(b"what macOS leaves")
    for name in ("dog", "birds"):
        check_class_folder(str(data / name), ANIMALS)
    check_class_folder(str(data / "dog"), None)


def test_a_folder_among_several_is_said_with_an_if(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = classes(tmp_path / "data", "a", "b")
    assert note_of(data / "a") is None
    write_photos(data / "train", 2)
    assert note_of(data / "a") is None
    write_photos(data / "c", 2)
    assert str(note_of(data / "a")).startswith(
        f"{data / 'a'} lies beside 2 other folders of photos: if each is one class"
    )
    monkeypatch.chdir(data / "a")
    assert str(one_class_note(".", ["0.png"])).endswith(f"({data})")


def test_a_conversion_says_it_and_a_mistaken_folder_ends_before_any_work(
    int8_project: Int8Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from edgekit.cli.app import run

    labels = tmp_path / "labels.txt"
    labels.write_text("\n".join([*ANIMALS, *(f"class {number}" for number in range(997))]))
    data = classes(tmp_path / "data", "dog", each=FEWEST)
    given = ["convert", *MODEL, "-t", "onnx", "--precision", "int8", "--labels", str(labels)]
    assert run([*given, "--out", str(tmp_path / "out"), "--calibration", str(data)]) == 0
    # The console folds lines.
    assert "all 100 calibration photos are of one class, dog:" in " ".join(capsys.readouterr().err.split())
    done = int8_project.called()
    write_photos(data / "cat", 1)
    assert run([*given, "--out", str(tmp_path / "other"), "--calibration", str(data / "dog")]) == 2
    assert "holds photos of one class, dog, and cat lies beside it" in " ".join(capsys.readouterr().err.split())
    assert int8_project.called() == done
