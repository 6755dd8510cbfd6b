"""Layouts of photos: what is on them, by the names alone."""

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from edgekit.errors import UsageError
from edgekit.evaluate.dataset import Dataset, chosen, dataset, open_dataset


def folder_of(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return root


def read(
    source: Path | str,
    count: int,
    names: tuple[str, ...] | None = None,
    *,
    listed: Path | None = None,
    multi: bool = False,
) -> Dataset:
    return dataset(*open_dataset(str(source), listed), names, count, multi)


def labels(found: Dataset) -> dict[str, object]:
    return {photo.name: photo.truth for photo in found.photos}


def test_a_folder_for_each_class_counts_them_by_name(tmp_path: Path) -> None:
    found = read(folder_of(tmp_path, "dog/1.jpg", "dog/deep/2.JPEG", "cat/1.png", "ant/.hidden.jpg", "ant/3.bmp"), 3)
    assert labels(found) == {"ant/3.bmp": 0, "cat/1.png": 1, "dog/1.jpg": 2, "dog/deep/2.JPEG": 2}
    assert found.photos[0].read() == b"ant/3.bmp"
    assert found.said == "labels are the folders' names in their order"


def test_folders_called_as_the_models_classes_are_those(tmp_path: Path) -> None:
    found = read(folder_of(tmp_path, "dog/1.jpg", "cat/1.jpg"), 3, ("dog", "cow", "cat"))
    assert labels(found) == {"cat/1.jpg": 2, "dog/1.jpg": 0}


def test_folders_of_another_number_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"has 2 folders \(cat, dog\), and the model 10 classes"):
        read(folder_of(tmp_path, "dog/1.jpg", "cat/1.jpg"), 10)


def test_the_test_split_is_taken_and_never_the_training_photos(tmp_path: Path) -> None:
    found = read(folder_of(tmp_path, "set/train/a/1.jpg", "set/train/b/2.jpg", "set/val/a/3.jpg", "set/val/b/4.jpg"), 2)
    assert labels(found) == {"set/val/a/3.jpg": 0, "set/val/b/4.jpg": 1}
    assert found.said.endswith("of val/")


def test_a_folder_around_all_is_looked_through(tmp_path: Path) -> None:
    assert labels(read(folder_of(tmp_path, "x/y/a/1.jpg", "x/y/b/2.jpg"), 2)) == {"x/y/a/1.jpg": 0, "x/y/b/2.jpg": 1}


def test_numbers_before_the_names_are_classes(tmp_path: Path) -> None:
    assert labels(read(folder_of(tmp_path, "000_a.jpg", "12_b_c.jpg"), 13)) == {"000_a.jpg": 0, "12_b_c.jpg": 12}
    with pytest.raises(
        UsageError, match=r"gives 12_b_c\.jpg the class 12, and the model has 10 classes, counted from 0"
    ):
        read(tmp_path, 10)


def test_dates_are_no_classes(tmp_path: Path) -> None:
    found = read(folder_of(tmp_path, "20240101_1200.jpg", "20240102_1300.jpg"), 10)
    assert set(labels(found).values()) == {None} and not found.labelled
    assert found.said == "the photos have no labels"


def test_a_list_as_paddleclas_has_it(tmp_path: Path) -> None:
    folder_of(tmp_path, "val/ILSVRC2012_val_1.JPEG", "val/with blank.JPEG", "val/unlisted.JPEG")
    (tmp_path / "val_list.txt").write_text("val/ILSVRC2012_val_1.JPEG 65\n\nval/with blank.JPEG 970\n")
    assert labels(read(tmp_path, 1000)) == {"val/ILSVRC2012_val_1.JPEG": 65, "val/with blank.JPEG": 970}
    assert labels(read(tmp_path / "val_list.txt", 1000)) == labels(read(tmp_path, 1000))


def test_imagenets_tar_with_a_list_beside_it(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "val.tar", "w") as archive:
        for name in ("ILSVRC2012_val_1.JPEG", "ILSVRC2012_val_2.JPEG"):
            info = tarfile.TarInfo(name)
            info.size = len(name)
            archive.addfile(info, io.BytesIO(name.encode()))
    listed = tmp_path / "val_list.txt"
    listed.write_text("val/ILSVRC2012_val_2.JPEG 970\nval/ILSVRC2012_val_1.JPEG 65\n")
    found = read(tmp_path / "val.tar", 1000, listed=listed)
    assert labels(found) == {"ILSVRC2012_val_2.JPEG": 970, "ILSVRC2012_val_1.JPEG": 65}
    assert found.photos[0].read() == b"ILSVRC2012_val_2.JPEG"


def test_a_zip_with_a_list_in_it(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("set/val_list.txt", "1.jpg 3\n")
        archive.writestr("set/1.jpg", "one")
    assert labels(read(tmp_path / "a.zip", 4)) == {"set/1.jpg": 3}


def test_labels_of_which_each_photo_has_several(tmp_path: Path) -> None:
    folder_of(tmp_path, "1.jpg", "2.jpg")
    (tmp_path / "val_list.txt").write_text("1.jpg\t0,1,0\n2.jpg\t1,1,0\n")
    assert labels(read(tmp_path, 3, multi=True)) == {"1.jpg": (0, 1, 0), "2.jpg": (1, 1, 0)}
    with pytest.raises(UsageError, match="gives 3 labels for each photo, and the model 26"):
        read(tmp_path, 26, multi=True)
    with pytest.raises(UsageError, match="needs one class for each photo"):
        read(tmp_path, 3)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("nowhere.jpg 1", r"line 1 names nowhere\.jpg, which --data .* does not hold"),
        ("../1.jpg 1", r"line 1 names a photo outside --data .*: \.\./1\.jpg"),
        ("/1.jpg 1", "line 1 names a photo outside"),
        ("1.jpg", r"line 1 is no photo with its class: 1\.jpg"),
        ("1.jpg cat", "line 1 gives cat where the index of a class belongs"),
        ("1.jpg -1", "line 1 gives -1 where the index of a class belongs"),
        ("1.jpg\t0,2", "line 1 gives 0,2 where 0 or 1 for each label belongs"),
        ("1.jpg 10", "the class 10, and the model has 10 classes"),
    ],
)
def test_a_wrong_line_is_named(line: str, said: str, tmp_path: Path) -> None:
    folder_of(tmp_path, "1.jpg")
    (tmp_path / "val_list.txt").write_text(f"{line}\n")
    with pytest.raises(UsageError, match=said):
        read(tmp_path, 10)


def test_a_photo_that_is_listed_twice_is_named(tmp_path: Path) -> None:
    folder_of(tmp_path, "1.jpg")
    (tmp_path / "val_list.txt").write_text("1.jpg 0\n./1.jpg 1\n")
    with pytest.raises(UsageError, match=r"line 2 names \./1\.jpg again\. Name each photo once"):
        read(tmp_path, 10)


def test_a_photo_is_found_without_its_folders_only_where_one_is_called_so(tmp_path: Path) -> None:
    folder_of(tmp_path, "cat/1.jpg", "dog/1.jpg", "dog/2.jpg")
    listed = tmp_path / "val_list.txt"
    listed.write_text("elsewhere/2.jpg 1\n")
    assert labels(read(tmp_path, 10)) == {"dog/2.jpg": 1}
    listed.write_text("elsewhere/1.jpg 1\n")
    with pytest.raises(UsageError, match=r"names elsewhere/1\.jpg, which .* does not hold\. Is it the right list\?$"):
        read(tmp_path, 10)


def test_no_photos_and_no_such_place(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no photo"):
        read(folder_of(tmp_path / "x", "readme.md"), 10)
    with pytest.raises(UsageError, match="there is no such folder or file"):
        read(tmp_path / "nowhere", 10)


def test_the_bundled_photos_have_no_labels() -> None:
    found = read("bundled", 1000)
    assert len(found.photos) == 8 and not found.labelled


def test_a_limit_and_shards_take_of_every_class(tmp_path: Path) -> None:
    found = read(folder_of(tmp_path, *(f"{name}/{index}.jpg" for name in "abcd" for index in range(5))), 4)
    assert [photo.truth for photo in chosen(found.photos, 4, None)] == [0, 1, 2, 3]
    shards = [chosen(found.photos, 10, (number, 3)) for number in (1, 2, 3)]
    assert sorted(photo.name for shard in shards for photo in shard) == sorted(
        photo.name for photo in chosen(found.photos, 10, None)
    )
    assert [len(shard) for shard in shards] == [4, 3, 3]
