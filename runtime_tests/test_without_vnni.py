"""INT8 on processors of x86 without VNNI, on an emulated one: there two products are added in 16 bits."""

import json
from pathlib import Path
from typing import Any

import pytest

from conftest import Edgekit

DEVICE = "x86_64:haswell"

pytestmark = [pytest.mark.toolchain, pytest.mark.needs("qemu-x86_64-static", "apt-get")]


def errors(edgekit: Edgekit, out: Path, *flags: Any) -> dict[tuple[str, str | None], float]:
    """By target and machine: the error of the sample that is off by most, of its largest output."""
    made = edgekit("convert", "MixNet_S", "-w", "demo", "--precision", "int8", "--out", out, *flags)
    assert made.returncode == 0, made.stderr
    artifacts = sorted((out / "MixNet_S").iterdir())
    answer = edgekit("verify", *artifacts, "--device", f"host,{DEVICE}", "--no-diagnose", "--json")
    assert answer.returncode in (0, 1), answer.stderr
    return {
        (one["target"], one["machine"]): one["verdict"]["outputs"]["logits"]["against_oracle"]["max_relative"]
        for one in json.loads(answer.stdout)["checks"]
    }


def test_integers_compute_the_same_there(edgekit: Edgekit, tmp_path: Path) -> None:
    found = errors(edgekit, tmp_path, "--target", "onnx,openvino")
    for target in ("onnx", "openvino"):
        here, there = found[target, None], found[target, DEVICE]
        assert there == pytest.approx(here, rel=0.2), target
        assert here < 0.5


@pytest.mark.parametrize(("target", "cure"), [("onnx", "fit_pairs"), ("openvino", "overflow_fix")])
def test_sums_that_nobody_fitted_do_not(target: str, cure: str, edgekit: Edgekit, tmp_path: Path) -> None:
    """Which shows that the emulated processor computes as those do. Its errors are of sums that were cut off."""
    recipe = tmp_path / "unfitted.toml"
    recipe.write_text(f'family = "MixNet"\n[targets.{target}.lowered.int8]\nfit_pairs = false\n')
    found = errors(edgekit, tmp_path / "out", "--target", target, "--recipe", recipe)
    assert found[target, DEVICE] > 1.05 * found[target, None]
    manifest = json.loads((tmp_path / "out" / "MixNet_S" / f"{target}-int8" / "manifest.json").read_text())
    cut = manifest["build"]["cut_off_without_vnni"]
    assert len(cut) > 10
    for verdict in manifest["verdicts"]:
        said = next(one for one in verdict["verdict"]["warnings"] if "without VNNI" in one)
        assert f"sums of {len(cut)} of its layers are cut off, first of {cut[0]}" in said
        assert cure in said


def test_a_matrix_in_int8_has_a_column_for_it(edgekit: Edgekit, tmp_path: Path) -> None:
    flags = ("-m", "MixNet_S", "-w", "demo", "-t", "onnx", "--precision", "int8", "--device", f"host,{DEVICE}")
    answer = edgekit("matrix", *flags, "--no-latency", "--keep", "reports", "--out", tmp_path, "--json")
    assert answer.returncode == 0, answer.stderr
    report = json.loads(answer.stdout)
    assert report["precision"] == "int8"
    assert [(one["precision"], one["machine"], one["status"]) for one in report["cells"]] == [
        ("int8", None, "passed"),
        ("int8", DEVICE, "passed"),
    ]
    assert (tmp_path / "cells" / "MixNet_S" / "onnx-int8@x86_64-haswell.json").exists()
    again = edgekit("matrix", *flags, "--no-latency", "--keep", "reports", "--out", tmp_path, "--json")
    assert "2 of 2 cells are done already" in again.stderr
