"""`edgekit predict` on the real runtimes."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace
from PIL import Image

from conftest import Converted, Edgekit
from edgekit.artifact.load import read_manifest
from edgekit.artifact.manifest import FileRecord
from edgekit.artifact.write import update_manifest
from edgekit.filesystem.hashing import file_sha256
from edgekit.inputs.golden import bundled_photos
from tests.converters.onnx.damage import scale_one_channel

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


@pytest.fixture(scope="module")
def labels(edgekit: Edgekit, foreign_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small multi-label model on ONNX Runtime twice, the second with a channel that is 1 % off: the output folder."""
    out = tmp_path_factory.mktemp("labels")
    answer = edgekit("convert", foreign_models / "labels", "-t", "onnx", "--verify", "-o", out)
    assert answer.returncode == 0, answer.stderr
    damaged = shutil.copytree(out / "labels" / "onnx", out / "labels" / "onnx-damaged")
    manifest = read_manifest(damaged)
    name = next(name for name, record in manifest.files.items() if record.role == "model.onnx")
    scale_one_channel(damaged / name)
    record = FileRecord(file_sha256(damaged / name), (damaged / name).stat().st_size, "model.onnx")
    update_manifest(damaged, replace(manifest, files=manifest.files | {name: record}))
    return out


def with_threshold(out: Path, threshold: float) -> None:
    for folder in (out / "labels").iterdir():
        manifest = read_manifest(folder)
        update_manifest(folder, replace(manifest, outputs=(replace(manifest.outputs[0], thresholds=(threshold,)),)))


def test_labels_are_those_above_their_thresholds(edgekit: Edgekit, labels: Path) -> None:
    """And targets part where a threshold lies between their numbers, though they name the same label first."""
    photo = bundled_photos()[0].path

    def predicted() -> dict:
        answer = edgekit("predict", "labels", photo, "-t", "all", "--json", "--top", "7", "-o", labels)
        assert answer.returncode == 0, answer.stderr
        return json.loads(answer.stdout)["photos"][0]

    first = predicted()
    assert first["agreed"]
    ours, theirs = (
        {one["index"]: one["probability"] for one in first["classes"][name]} for name in ("onnx", "onnx-damaged")
    )
    apart = first["classes"]["onnx"][1]["index"]
    limit = (ours[apart] + theirs[apart]) / 2
    with_threshold(labels, limit)
    between = predicted()
    assert not between["agreed"]
    assert len({ranked[0]["index"] for ranked in between["classes"].values()}) == 1
    given = {name: [one["index"] for one in records] for name, records in between["labels"].items()}
    assert given == {
        name: [index for index in range(7) if row[index] > limit]
        for name, row in (("onnx", ours), ("onnx-damaged", theirs))
    }
    assert (apart in given["onnx"]) != (apart in given["onnx-damaged"])
    table = edgekit("predict", "labels", photo, "-t", "all", "--top", "1", "-o", labels).stdout
    assert table.count("✓") == sum(map(len, given.values()))
    assert "Targets disagree on 1 of 1 photos" in table
    # Where one is right on the threshold, it cannot be told which side is wrong.
    with_threshold(labels, ours[apart])
    assert predicted()["agreed"]
