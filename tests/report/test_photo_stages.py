"""The pictures of the preprocessing are of what it computes."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from edgekit.inputs.prepare import cropped_levels
from edgekit.inputs.preprocessing import Preprocessing
from edgekit.report.photo_stages import photo_stages


def pixels(address: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(address.split(",", 1)[1]))))


@pytest.fixture
def photo() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (60, 90, 3), dtype=np.uint8)


@pytest.mark.parametrize("order", ["RGB", "BGR"])
def test_the_cropped_picture_has_the_levels(photo: np.ndarray, order: str) -> None:
    spec = Preprocessing(resize_short=40, crop=32, channel_order=order)  # type: ignore[arg-type]
    first, resized, cropped, tensor = photo_stages(photo, spec)
    levels = cropped_levels(photo, spec)
    shown = levels[:, :, ::-1] if order == "BGR" else levels
    assert np.array_equal(pixels(cropped.pictures[0]), shown)
    assert np.array_equal(pixels(first.pictures[0]), photo)
    assert resized.about == "60 × 40 px, of which 32 × 32 px from (14, 4) on are kept"
    assert len(tensor.pictures) == 3
    # Inside of the line, what is kept is as it was resized.
    assert np.array_equal(pixels(resized.pictures[0])[5:35, 15:45], shown[1:31, 1:31])


@pytest.mark.parametrize(
    ("spec", "titles"),
    [
        (
            Preprocessing(resize="letterbox", crop=32, pad_value=127.5),
            ["the photo, upright", "resized: letterbox, bilinear of opencv", "padded"],
        ),
        (
            Preprocessing(crop_first="square", resize="stretch", resize_backend="pillow", crop=(16, 32)),
            ["the photo, upright", "resized: stretch, bilinear of pillow", "cropped"],
        ),
        (Preprocessing(resize="none", crop=32), ["the photo, upright", "cropped"]),
    ],
)
def test_every_way_into_the_model_is_shown(photo: np.ndarray, spec: Preprocessing, titles: list[str]) -> None:
    stages = photo_stages(photo, spec)
    assert [one.title for one in stages[:-1]] == titles
    assert stages[-1].title.startswith("normalised")
    assert all(address.startswith("data:image/png;base64,") for one in stages for address in one.pictures)
