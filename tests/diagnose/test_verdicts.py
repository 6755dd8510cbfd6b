"""Verdicts that no layer is to blame for, and crashes of a runtime, on the real toolchains."""

import json
import shlex
import shutil
from pathlib import Path

import pytest

from conftest import Converted, Edgekit

pytestmark = pytest.mark.toolchain

SIZE = ("--input-size", "32")


def test_an_fp16_artifact_beyond_its_format_fails_and_says_which_layer(
    edgekit: Edgekit, foreign_models: Path, tmp_path: Path
) -> None:
    flags = ("--target", "openvino", "--precision", "fp16", "--verify", "--json", "--out", tmp_path)
    answer = edgekit("convert", foreign_models / "overflowing", *SIZE, *flags)
    assert answer.returncode == 1, answer.stderr
    document = json.loads(answer.stdout)
    verdict = document["checks"][0]["verdict"]
    assert verdict["status"] == "failed"
    # Its outputs are right: the processor here keeps FP32 inside.
    (figures,) = verdict["outputs"].values()
    assert figures["against_oracle"]["max_relative"] < figures["max_threshold"]
    assert "(scale) reaches" in verdict["reason"]
    assert "beyond 65504" in verdict["reason"]
    (found,) = document["diagnoses"]
    assert [step["status"] for step in found["steps"]] == ["ok", "ok"]
    assert found["healthy"] is False
    assert "Every step computes what the program does here" in found["sentence"]
    assert "(scale) reaches" in found["sentence"]


def test_the_same_model_passes_in_fp32(edgekit: Edgekit, foreign_models: Path, tmp_path: Path) -> None:
    flags = ("--target", "openvino", "--verify", "--json", "--out", tmp_path)
    answer = edgekit("convert", foreign_models / "overflowing", *SIZE, *flags)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_an_inconclusive_verdict_is_explained_as_one(edgekit: Edgekit, foreign_models: Path, tmp_path: Path) -> None:
    flags = ("--target", "onnx", "--verify", "--json", "--out", tmp_path)
    answer = edgekit("convert", foreign_models / "indifferent", *SIZE, *flags)
    assert answer.returncode == 1, answer.stderr
    document = json.loads(answer.stdout)
    assert "is inconclusive" in document["checks"][0]["verdict"]["reason"]
    (found,) = document["diagnoses"]
    assert {step["status"] for step in found["steps"]} == {"ok", "undecided"}
    assert found["layer"] is None
    assert found["sentence"].startswith("No layer is to blame: on these samples no step can be told from a wrong one")


def test_a_crash_of_the_runtime_is_narrowed_down_to_one_operator(
    edgekit: Edgekit, foreign_models: Path, tmp_path: Path
) -> None:
    """A Split without sizes ends ncnn with SIGSEGV, and leaves no message."""
    flags = ("--target", "ncnn", "--without-rewrite", "explicit-split", "--json", "--out", tmp_path)
    answer = edgekit("diagnose", foreign_models / "halves", *SIZE, *flags)
    assert answer.returncode == 1, answer.stderr
    (found,) = json.loads(answer.stdout)["diagnoses"]
    assert "crashed (SIGSEGV)" in found["steps"][-1]["reason"]
    assert found["compared_with"] == "runs of ever shorter models"
    assert found["layer"]["type"] == "Split"
    assert "The first layer that it fails on is" in found["sentence"]
    assert [one["rewrite"] for one in found["cures"] if one["mends"]] == ["explicit-split"]


def test_an_arm_file_that_is_none_is_told_as_that(edgekit: Edgekit, mixnet: Converted, tmp_path: Path) -> None:
    """The x86 file of the same model stands in the place of the ARM one: the inspection fails, nothing has changed."""
    folder = tmp_path / "lite"
    shutil.copytree(mixnet.out / "MixNet_S" / "lite", folder)
    shutil.copy(folder / "MixNet_S.x86.nb", folder / "MixNet_S.arm.nb")
    answer = edgekit("diagnose", folder, "--json")
    assert answer.returncode == 1, answer.stderr
    (found,) = json.loads(answer.stdout)["diagnoses"]
    assert found["variant"] == "ARM"
    assert "the arm file asks for kernels of X86" in found["sentence"]
    assert "Nothing is wrong" not in found["sentence"]


def test_the_command_that_a_failed_conversion_suggests_works(
    edgekit: Edgekit, foreign_models: Path, session_cache: Path, tmp_path: Path
) -> None:
    model = tmp_path / "with blanks" / "my model"
    shutil.copytree(foreign_models / "unusual", model)
    answer = edgekit("convert", model, "--target", "onnx", "--out", tmp_path / "o u t")
    assert answer.returncode == 4, answer.stderr
    said = next(line for line in answer.stderr.splitlines() if line.startswith("Why, and which layer: "))
    words = shlex.split(said.removeprefix("Why, and which layer: "))
    assert words[:2] == ["edgekit", "diagnose"]
    again = edgekit(*words[1:], "--json")
    assert again.returncode == 1, again.stderr
    (found,) = json.loads(again.stdout)["diagnoses"]
    assert found["layer"]["type"] == "lgamma"
    assert (tmp_path / "o u t" / "my_model" / "diagnosis-onnx" / "reproduce.py").exists()
