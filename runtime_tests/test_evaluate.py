"""`edgekit evaluate` on the real runtimes."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conftest import PATIENCE_SECONDS, Converted, Edgekit
from edgekit.inputs.golden import bundled_photos

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

pytestmark = pytest.mark.toolchain


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """120 cuttings of the bundled photos in folders of CIFAR-10's classes, and one file that is no photo."""
    folder = tmp_path_factory.mktemp("photos")
    random = np.random.Generator(np.random.PCG64(3))
    sources = [Image.open(one.path).convert("RGB") for one in bundled_photos()]
    for index in range(120):
        source = sources[index % len(sources)]
        left, top = (int(random.integers(0, side - 64)) for side in source.size)
        path = folder / CLASSES[index % 10] / f"{index:03}.png"
        path.parent.mkdir(exist_ok=True)
        source.crop((left, top, left + 64, top + 64)).save(path)
    (folder / "cat" / "broken.jpg").write_bytes(b"no photo at all")
    return folder


def by_name(document: dict) -> dict[str, dict]:
    return {model["name"]: model for model in document["models"]}


def test_every_target_loses_nothing(edgekit: Edgekit, mixnet: Converted, photos: Path, tmp_path: Path) -> None:
    report = tmp_path / "report"
    asked = ("evaluate", "MixNet_S", "--data", photos, "--out", mixnet.out, "--json")
    answer = edgekit(*asked, "--report", report)
    assert answer.returncode == 0, answer.stderr
    document = json.loads(answer.stdout)
    found = by_name(document)
    assert list(found) == ["reference", "lite", "ncnn", "onnx", "openvino"]
    assert document["counted"] == 120 and document["about"]["photos"] == 121
    assert [Path(name).name for name, _ in document["about"]["skipped"]] == ["broken.jpg"]
    for name, model in found.items():
        assert model["top1"]["photos"] == 120
        if name != "reference":
            # Photos on which classes are as good as equal may flip by rounding; these 120 have none.
            assert model["agreement"]["count"] == 120, name
            assert (model["drop"]["lost"], model["drop"]["gained"]) == (0, 0)
            assert 0 < model["errors"]["median"] < 1e-5
    assert "<svg" in (report / "evaluation.html").read_text()

    again = json.loads(edgekit(*asked).stdout)
    assert again["models"] == document["models"]
    assert [subject["ran"] for subject in again["about"]["subjects"]] == [0] * 5


def test_predict_says_the_same(edgekit: Edgekit, mixnet: Converted, photos: Path, tmp_path: Path) -> None:
    artifact, few = mixnet.out / "MixNet_S" / "onnx", photos / "dog"
    predicted = json.loads(edgekit("predict", artifact, few, "--json").stdout)["photos"]
    answer = edgekit("evaluate", artifact, "--data", few, "--no-reference", "--report", tmp_path / "r")
    assert answer.returncode == 0, answer.stderr
    rows = [json.loads(line) for line in (tmp_path / "r" / "photos.jsonl").read_text().splitlines()[1:]]
    assert len(rows) == len(predicted) == 12
    for row, one in zip(rows, predicted, strict=True):
        (ranked,) = one["classes"].values()
        assert row["answers"]["onnx"]["top"] == [each["index"] for each in ranked]
        assert np.allclose(row["answers"]["onnx"]["probabilities"], [each["probability"] for each in ranked], atol=1e-6)


def test_shards_merged_are_the_whole(edgekit: Edgekit, mixnet: Converted, photos: Path, tmp_path: Path) -> None:
    artifact = mixnet.out / "MixNet_S" / "openvino"
    asked = ("evaluate", artifact, "--data", photos, "--limit", "60")
    whole = json.loads(edgekit(*asked, "--json").stdout)
    for number in (1, 2, 3):
        answer = edgekit(*asked, "--shard", f"{number}/3", "--report", tmp_path / str(number))
        assert answer.returncode == 0, answer.stderr
    merged = json.loads(edgekit("evaluate", "merge", tmp_path / "1", tmp_path / "2", tmp_path / "3", "--json").stdout)
    for one, other in zip(whole["models"], merged["models"], strict=True):
        assert one["top1"] == other["top1"] and one["drop"] == other["drop"] and one["agreement"] == other["agreement"]
        assert one["ece"] == pytest.approx(other["ece"], abs=1e-9)
    twice = edgekit("evaluate", "merge", tmp_path / "1", tmp_path / "1")
    assert twice.returncode == 2 and "both hold" in twice.stderr
    short = edgekit("evaluate", "merge", tmp_path / "1", tmp_path / "3")
    assert short.returncode == 0 and "shard 2 of 3 is missing" in short.stderr


def test_a_killed_run_goes_on_where_it_was(
    edgekit: Edgekit, mixnet: Converted, photos: Path, session_cache: Path, tmp_path: Path
) -> None:
    # Photos that nobody has seen: of another size, so that no earlier test's outputs serve.
    for path in photos.glob("*/*.png"):
        place = tmp_path / "photos" / path.parent.name / path.name
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.open(path).resize((80, 80)).save(place)
    asked = ["evaluate", str(mixnet.out / "MixNet_S" / "openvino"), "--data", str(tmp_path / "photos"), "--json"]
    before = sizes(session_cache)
    process = subprocess.Popen(
        [sys.executable, "-m", "edgekit", *asked],
        env={**os.environ, "EDGEKIT_CACHE": str(session_cache)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + PATIENCE_SECONDS
    while sizes(session_cache) < before + 500 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert sizes(session_cache) > before, "nothing was kept"
    answer = edgekit(*asked)
    assert answer.returncode == 0, answer.stderr
    document = json.loads(answer.stdout)
    assert document["counted"] == 120
    ran = sum(subject["ran"] for subject in document["about"]["subjects"])
    assert 0 < ran < 240


def sizes(cache: Path) -> int:
    """Bytes of all that is kept of photos."""
    return sum(path.stat().st_size for path in cache.glob("evaluations/*/*.outputs"))


def test_what_cannot_be_is_one_sentence(edgekit: Edgekit, mixnet: Converted, tmp_path: Path) -> None:
    (tmp_path / "photos" / "cat").mkdir(parents=True)
    (tmp_path / "photos" / "cat" / "1.jpg").write_bytes(b"no photo")
    artifact = mixnet.out / "MixNet_S" / "onnx"

    def refused(data: Path | str, *more: str, status: int = 2) -> str:
        answer = edgekit("evaluate", artifact, "--data", data, *more)
        assert answer.returncode == status, answer.stderr
        assert "Traceback" not in answer.stderr
        return answer.stderr.splitlines()[-1]

    assert "none of the 1 photos" in refused(tmp_path / "photos")
    assert "there is no such folder or file" in refused(tmp_path / "nowhere")
    (tmp_path / "x").mkdir()
    assert "holds no photo" in refused(tmp_path / "x")
    assert "--shard 3/2 is no part of a whole" in refused(tmp_path / "photos", "--shard", "3/2")
    assert "there is no precision fp8" in refused(tmp_path / "photos", "--precision", "fp8")
    assert "has no int8 artifact" in refused(tmp_path / "photos", "--precision", "int8", status=3)
