"""A user's own photos as golden inputs."""

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edgekit.artifact.samples import golden_samples
from edgekit.errors import UsageError
from edgekit.inputs import Preprocessing
from edgekit.inputs.golden import golden_inputs
from edgekit.inputs.images import load_image
from edgekit.inputs.photo_folder import MOST_PHOTOS, photo_folder
from edgekit.inputs.prepare import preprocess

SPEC = Preprocessing(resize_short=40, crop=32)


def photo(path: Path, seed: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (50, 60, 3), np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def test_photos_in_the_folder_and_in_those_below(tmp_path: Path) -> None:
    names = ["b.JPG", "a.png", "cats/1.jpeg"]
    for seed, name in enumerate(names):
        photo(tmp_path / name, seed)
    photo(tmp_path / "a/b/too_deep.png", 7)
    shutil.copyfile(tmp_path / "a.png", tmp_path / "._a.png")
    (tmp_path / "notes.txt").write_text("no photo")
    own = photo_folder(tmp_path)
    assert [one.name for one in own.photos] == ["a.png", "b.JPG", "cats/1.jpeg"]
    assert own.photos[0].sha256 == hashlib.sha256((tmp_path / "a.png").read_bytes()).hexdigest()
    assert own.found == 3


def test_a_folder_that_is_hidden_itself(tmp_path: Path) -> None:
    for seed in range(2):
        photo(tmp_path / ".photos" / f"{seed}.png", seed)
    assert photo_folder(tmp_path / ".photos").found == 2


def test_of_many_every_class_has_its_share(tmp_path: Path) -> None:
    for seed in range(2 * MOST_PHOTOS):
        photo(tmp_path / f"class{seed // 16}" / f"{seed:03}.png", seed)
    own = photo_folder(tmp_path)
    assert (len(own.photos), own.found) == (MOST_PHOTOS, 2 * MOST_PHOTOS)
    assert {one.name.split("/")[0] for one in own.photos} == {"class0", "class1", "class2", "class3"}


def test_they_take_the_place_of_the_bundled_ones(tmp_path: Path) -> None:
    paths = [photo(tmp_path / f"{seed}.png", seed) for seed in range(3)]
    own = photo_folder(tmp_path)
    inputs = golden_samples(SPEC, "x", 1, own)
    assert inputs.labels == (
        "photo 0.png",
        "photo 1.png",
        "photo 2.png",
        "synthetic noise 0",
        "synthetic smooth noise 1",
    )
    assert inputs.kinds == ("photo",) * 3 + ("synthetic",) * 2
    for row, path in enumerate(paths):
        np.testing.assert_array_equal(inputs.tensors["x"][row], preprocess(load_image(path), SPEC))
    np.testing.assert_array_equal(inputs.tensors["x"][3:], golden_inputs(SPEC, "x").tensors["x"][8:])
    assert len(golden_samples(SPEC, "x", 4, own).labels) == 8


@pytest.mark.parametrize(
    ("names", "sentence"), [([], "holds no photo"), (["a.png"], "holds one photo"), (None, "there is no such folder")]
)
def test_what_is_no_folder_of_photos_is_said(tmp_path: Path, names: list[str] | None, sentence: str) -> None:
    folder = tmp_path / "photos"
    if names is not None:
        folder.mkdir()
        for name in names:
            photo(folder / name, 0)
    with pytest.raises(UsageError, match=sentence):
        photo_folder(folder)


def test_a_damaged_photo_is_named_before_anything_runs(tmp_path: Path) -> None:
    photo(tmp_path / "a.png", 0)
    (tmp_path / "b.jpg").write_bytes(b"not a photo")
    with pytest.raises(UsageError, match=r"b\.jpg is not an image"):
        photo_folder(tmp_path)
