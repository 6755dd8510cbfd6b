"""`edgekit predict` on the real runtimes."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conftest import Converted, Edgekit
from edgekit.inputs.golden import bundled_photos

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

pytestmark = pytest.mark.toolchain


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two photos and a file that is none."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for photo in bundled_photos()[:2]:
        (folder / photo.path.name).write_bytes(photo.path.read_bytes())
    (folder / "broken.jpg").write_bytes(b"no photo at all")
    return folder


def test_every_target_names_the_same(edgekit: Edgekit, mixnet: Converted, photos: Path) -> None:
    answer = edgekit("predict", "MixNet_S", photos, "--target", "all", "--json", "--out", mixnet.out)
    assert answer.returncode == 2, answer.stderr  # one of the three is no photo
    assert "broken.jpg is not an image" in answer.stderr
    document = json.loads(answer.stdout)
    assert sorted(document["artifacts"]) == ["lite", "ncnn", "onnx", "openvino"]
    read = [one for one in document["photos"] if one["error"] is None]
    assert [Path(one["photo"]).name for one in document["photos"] if one["error"]] == ["broken.jpg"]
    assert len(read) == 2
    for one in read:
        assert one["agreed"]
        first = one["classes"]["onnx"]
        assert [len(ranked) for ranked in one["classes"].values()] == [5, 5, 5, 5]
        assert first[0]["name"] in {
            "airplane",
            "automobile",
            "bird",
            "cat",
            "deer",
            "dog",
            "frog",
            "horse",
            "ship",
            "truck",
        }
        for ranked in one["classes"].values():
            assert [each["index"] for each in ranked] == [each["index"] for each in first]
            shares = [each["probability"] for each in ranked]
            assert shares == sorted(shares, reverse=True)
            assert np.allclose(shares, [each["probability"] for each in first], atol=1e-4)


def test_the_answer_is_what_verification_saw(edgekit: Edgekit, mixnet: Converted, photos: Path) -> None:
    """The same photo, prepared by predict and by verification, has the same first class."""
    from safetensors.numpy import load_file

    golden = load_file(mixnet.out / "MixNet_S" / "onnx" / "golden.safetensors")
    Image.fromarray(golden["photo"]).save(photos / "golden.png")
    answer = edgekit("predict", mixnet.out / "MixNet_S" / "onnx", photos / "golden.png", "--json", "--top", "1")
    assert answer.returncode == 0, answer.stderr
    (named,) = json.loads(answer.stdout)["photos"][0]["classes"]["onnx"]
    logits = golden["oracle/logits"][0].astype(np.float64)
    exponents = np.exp(logits - logits.max())
    assert named["index"] == int(logits.argmax())
    assert named["probability"] == pytest.approx(float(exponents.max() / exponents.sum()), abs=1e-5)


def test_the_table_and_a_target_that_is_not_there(edgekit: Edgekit, mixnet: Converted, photos: Path) -> None:
    photo = next(photos.glob("*.png"))
    answer = edgekit("predict", "MixNet_S", photo, "--out", mixnet.out)
    assert answer.returncode == 0, answer.stderr
    assert photo.name in answer.stdout
    assert answer.stdout.count("%") >= 1
    answer = edgekit("predict", "MixNet_S", photo, "--out", mixnet.out, "-t", "tensorrt")
    assert answer.returncode == 3
    command = f"edgekit convert MixNet_S --weights demo --target tensorrt --out {mixnet.out}"
    assert f"not converted to tensorrt. Run `{command}`" in answer.stderr
