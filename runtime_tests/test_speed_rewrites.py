"""Rewrites for speed on the real toolchains: they change what they should, and the same is computed."""

import json
from pathlib import Path

import pytest

from conftest import Edgekit

pytestmark = pytest.mark.toolchain


def document(edgekit: Edgekit, *words: object) -> dict:
    answer = edgekit(*words, "--json")
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


def test_each_is_timed_beside_the_graph_as_written(edgekit: Edgekit) -> None:
    report = document(
        edgekit, "bench", "MixNet_S", "-w", "demo", "-t", "onnx", "--rewrites", "--repeats", "3", "--seconds", "1",
        "--threads", "1",
    )  # fmt: skip
    assert {(row["title"], row["places"]) for row in report["rows"]} >= {
        ("merge-mixed-depthwise", 13), ("merge-split-pointwise", 21),
    }  # fmt: skip
    measured = [row for row in report["rows"] if row["ratio"]]
    assert all(row["ratio"]["rounds"] == 3 and row["difference"] < 1e-5 for row in measured)
    assert all(row["ratio"]["low"] <= row["ratio"]["median"] <= row["ratio"]["high"] for row in measured)
    assert {row["title"] for row in measured} >= {"merge-mixed-depthwise", "merge-split-pointwise", "all of them"}


def test_no_speed_rewrites_gives_the_graph_as_written(edgekit: Edgekit, tmp_path: Path) -> None:
    faster = document(edgekit, "convert", "MixNet_S", "-w", "demo", "-t", "onnx", "--out", tmp_path / "faster")
    plain = document(
        edgekit, "convert", "MixNet_S", "-w", "demo", "-t", "onnx", "--out", tmp_path / "plain", "--no-speed-rewrites"
    )
    manifests = [one["conversions"][0]["manifest"] for one in (faster, plain)]
    assert [one["speed_rewrites"] for one in manifests] == [True, False]
    applied = [
        {each["name"]: each["applied"] for each in one["rewrites"] if each["of"] == "speed"} for one in manifests
    ]
    assert applied[0]["merge-mixed-depthwise"] == 13
    assert applied[1] == {}
    assert manifests[0]["program_key"] == manifests[1]["program_key"]
