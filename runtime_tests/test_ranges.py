"""What the layers of a small model take: beyond FP16, and a channel that is dead, both by construction."""

import json
from pathlib import Path
from typing import Any

import pytest

from conftest import Edgekit
from edgekit.artifact.load import load_artifact
from edgekit.artifact.owned import RANGES
from edgekit.artifact.ranges import LayersRanges, read_layers_ranges

pytestmark = pytest.mark.toolchain

DEAD = "1 channel of the network never changes (1 of 16 in "


def converted(edgekit: Edgekit, model: Path, out: Path, precision: str, target: str) -> dict[str, dict[str, Any]]:
    """The verdicts by target."""
    words = ("--target", target, "--precision", precision, "--verify", "--input-size", "32", "--json", "--out", out)
    answer = edgekit("convert", model / "overflowing", *words)
    return {one["target"]: one["verdict"] for one in json.loads(answer.stdout)["checks"]}


def document_of(folder: Path) -> LayersRanges:
    """The ranges of an artifact, whose manifest has their hash."""
    assert set(load_artifact(folder).manifest.ranges) == {RANGES}
    return read_layers_ranges(folder / RANGES)


def test_fp16_and_int8_artifacts_keep_the_ranges_of_all_layers(
    edgekit: Edgekit, foreign_models: Path, tmp_path: Path
) -> None:
    verdicts = converted(edgekit, foreign_models, tmp_path, "fp16", "openvino,ncnn")
    assert set(verdicts) == {"openvino", "ncnn"}
    for verdict in verdicts.values():
        assert verdict["status"] == "failed"
        assert "(scale) reaches" in verdict["reason"] and "beyond 65504" in verdict["reason"]
        assert [one.startswith(DEAD) for one in verdict["warnings"]] == [True]
    folder = tmp_path / "overflowing"
    document = document_of(folder / "ncnn-fp16")
    assert document == document_of(folder / "openvino-fp16")
    assert (document.golden.samples, document.calibration) == (10, None)
    by_type = {one.type: one for one in document.layers}
    relu, scaled = by_type["relu"], by_type["scale"]
    assert (relu.channels, relu.dead, relu.zero, relu.first_dead) == (16, 1, 1, (3,))
    assert relu.golden is not None and scaled.golden is not None
    assert relu.golden[0] == 0
    assert max(one.golden[1] for one in document.layers if one.golden) == pytest.approx(3e5 * relu.golden[1], rel=1e-5)
    assert (by_type["input"].channels, by_type["input"].dead) == (3, 0)


def test_int8_has_photos_of_its_calibration_beside_them(edgekit: Edgekit, foreign_models: Path, tmp_path: Path) -> None:
    verdict = converted(edgekit, foreign_models, tmp_path, "int8", "onnx")["onnx"]
    assert [one for one in verdict["warnings"] if one.startswith(DEAD)]
    document = document_of(tmp_path / "overflowing" / "onnx-int8")
    assert document.calibration is not None
    assert (document.golden.samples, document.calibration.samples) == (10, 32)
    (relu,) = (one for one in document.layers if one.type == "relu")
    assert (relu.dead, relu.first_dead) == (1, (3,))
    assert relu.calibration is not None and relu.calibration[0] == 0 < relu.calibration[1]
