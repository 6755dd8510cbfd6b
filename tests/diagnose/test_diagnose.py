"""The whole command on the real toolchains: what it blames, what mends it, and what its reproducer shows."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from conftest import PATIENCE_SECONDS, ROOT, Converted, Edgekit
from edgekit.toolchain.environment import ready_python
from edgekit.toolchain.interpreter import uv_program
from edgekit.toolchain.script import read_requirements, requirements_of
from tests.diagnose.damage import damage, seal_again, stored_parameters
from tests.ledger.damages import read, write

pytestmark = pytest.mark.toolchain

TARGETS = ("onnx", "openvino", "ncnn", "lite")


def diagnosed(edgekit: Edgekit, *arguments: str | Path, status: int = 1) -> list[dict]:
    answer = edgekit("diagnose", *arguments, "--json")
    assert answer.returncode == status, answer.stdout + answer.stderr
    return json.loads(answer.stdout)["diagnoses"]


def reproduced(script: Path, target: str, session_cache: Path) -> subprocess.CompletedProcess[str]:
    """Run a reproducer in the environment of the target's runner, whose requirements it carries."""
    runner = requirements_of(ROOT / "converters" / target / "run.py")
    assert read_requirements(script).dependencies == runner.dependencies
    python = ready_python(runner, session_cache)
    assert python is not None
    return subprocess.run([python, script], capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS)


@pytest.mark.parametrize("target", TARGETS)
def test_a_damaged_weight_names_its_layer_and_is_reproduced(
    edgekit: Edgekit, mixnet: Converted, session_cache: Path, tmp_path: Path, target: str
) -> None:
    folder = tmp_path / target
    shutil.copytree(mixnet.out / "MixNet_S" / target, folder)
    stored = stored_parameters(target, folder)
    weights = [name for name, one in stored.items() if one.count > 1000]
    chosen = stored[weights[len(weights) // 2]]
    damage(chosen, np.random.default_rng(3), 2.0, channel=True)
    if target in ("onnx", "ncnn"):  # as a faulty converter leaves it; the others as a damaged file
        seal_again(folder)
    (found, *others) = diagnosed(edgekit, folder)
    assert bool(found["changed_files"]) == (target not in ("onnx", "ncnn"))
    assert [step["status"] for step in found["steps"]] == ["ok"] * (len(found["steps"]) - 1) + ["guilty"]
    layer = found["layer"]
    owner = chosen.name.split(".weight")[0] if target == "ncnn" else None
    assert owner is None or layer["name"] == owner
    assert layer["changed_parameters"] == (["weight"] if target == "ncnn" else [chosen.name])
    assert all(one["error"] == 0 for one in layer["inputs"])
    assert layer["outputs"][0]["error"] > 1e-3
    assert not others  # Paddle Lite's ARM file is untouched
    assert found["reproducer"]["shows"]
    answer = reproduced(Path(found["reproducer"]["script"]), target, session_cache)
    assert answer.returncode == 1, answer.stderr
    assert "off by" in answer.stdout


def test_a_missing_rewrite_is_found_named_and_reproduced(edgekit: Edgekit, tmp_path: Path) -> None:
    (found,) = diagnosed(
        edgekit, "ResNet18_vd", "-t", "ncnn", "-w", "synthetic:0", "--input-size", "64",
        "--without-rewrite", "explicit-pool-padding", "--out", tmp_path,
    )  # fmt: skip
    assert [(step["name"], step["status"]) for step in found["steps"]] == [
        ("program", "ok"), ("paddle2onnx", "ok"), ("onnx", "ok"), ("artifact", "guilty"),
    ]  # fmt: skip
    assert found["layer"]["type"] == "Pooling"
    assert "(AveragePool)" in found["layer"]["stands_for"]
    (cure,) = [one for one in found["cures"] if one["mends"]]
    assert (cure["rewrite"], cure["at_guilty_layer"]) == ("explicit-pool-padding", True)
    assert cure["error"] < 1e-4
    assert "The rewrite explicit-pool-padding mends it" in found["sentence"]
    script = Path(found["reproducer"]["script"])
    assert script == tmp_path / "ResNet18_vd" / "diagnosis-ncnn" / "reproduce.py"
    answer = subprocess.run(
        [uv_program(), "run", "--script", script],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
        cwd=ROOT,
    )
    assert answer.returncode == 1, answer.stderr
    assert "Padding" in answer.stdout
    assert "ncnn [64, 9, 9], ONNX Runtime [1, 64, 8, 8]" in answer.stdout
    # Only the reproducer is left: what was converted for the diagnosis is not.
    assert [path.name for path in (tmp_path / "ResNet18_vd").iterdir()] == ["diagnosis-ncnn"]


def test_a_converter_that_gives_up_is_narrowed_down_to_one_operator(edgekit: Edgekit, tmp_path: Path) -> None:
    (found,) = diagnosed(
        edgekit, "MixNet_S", "-t", "lite", "-w", "demo", "--without-rewrite", "swish-beta", "--out", tmp_path
    )
    assert found["artifact"] is None
    assert found["steps"][-1]["status"] == "guilty"
    assert "No attributes called beta found for swish" in found["steps"][-1]["reason"]
    assert found["layer"]["type"] == "swish"
    assert [one["rewrite"] for one in found["cures"] if one["mends"]] == ["swish-beta"]
    assert found["reproducer"]["shows"]
    assert (tmp_path / "MixNet_S" / "diagnosis-lite" / "inference.pdmodel").stat().st_size < 10_000


def test_every_step_of_a_rewritten_program_is_looked_at(edgekit: Edgekit, foreign_models: Path, tmp_path: Path) -> None:
    """The way that was taken, with the program as it came and as its rewrites left it."""
    made = edgekit("convert", foreign_models / "rare", "-t", "openvino", "-o", tmp_path)
    assert made.returncode == 0, made.stderr
    folder = tmp_path / "rare" / "openvino"
    stored = stored_parameters("openvino", folder)
    largest = max(stored.values(), key=lambda one: one.count)
    damage(largest, np.random.default_rng(3), 2.0, channel=True)
    (found,) = diagnosed(edgekit, folder)
    assert [(step["name"], step["status"]) for step in found["steps"]] == [
        ("program", "ok"), ("rewritten program", "ok"), ("paddle2onnx", "ok"), ("onnx", "ok"), ("converted", "ok"),
        ("artifact", "guilty"),
    ]  # fmt: skip
    assert found["layer"]["changed_parameters"] == [largest.name]


def test_a_whole_artifact_is_acquitted(edgekit: Edgekit, mixnet: Converted) -> None:
    answer = edgekit("diagnose", "MixNet_S", "-t", "openvino", "--out", mixnet.out)
    assert answer.returncode == 0, answer.stderr
    assert "Nothing is wrong" in " ".join(answer.stdout.split())
    assert not (mixnet.out / "MixNet_S" / "diagnosis-openvino").exists()


def test_a_file_cut_short_is_told(edgekit: Edgekit, mixnet: Converted, tmp_path: Path) -> None:
    folder = tmp_path / "ncnn"
    shutil.copytree(mixnet.out / "MixNet_S" / "ncnn", folder)
    file = folder / "MixNet_S.ncnn.bin"
    file.write_bytes(file.read_bytes()[:100_000])
    (found,) = diagnosed(edgekit, folder)
    assert found["changed_files"] == ["MixNet_S.ncnn.bin"]
    assert [step["status"] for step in found["steps"]][-2:] == ["ok", "guilty"]
    assert "cannot load MixNet_S.ncnn.bin" in found["sentence"]


def test_the_arm_file_of_paddle_lite_is_compared_by_its_parameters(
    edgekit: Edgekit, mixnet: Converted, tmp_path: Path
) -> None:
    folder = tmp_path / "lite"
    shutil.copytree(mixnet.out / "MixNet_S" / "lite", folder)
    x86, arm = folder / "MixNet_S.x86.nb", folder / "MixNet_S.arm.nb"
    shutil.copy(arm, tmp_path / "model.x86.nb")  # read by the same reader, which looks for x86 files
    stored = stored_parameters("lite", tmp_path)
    chosen = next(one for name, one in stored.items() if name == "conv2d_60.w_0")
    damage(chosen, np.random.default_rng(0), 2.0, channel=True)
    before = x86.read_bytes()
    shutil.copy(tmp_path / "model.x86.nb", arm)
    (found,) = diagnosed(edgekit, folder)
    assert found["variant"] == "ARM"
    assert found["layer"]["changed_parameters"] == ["conv2d_60.w_0"]
    assert x86.read_bytes() == before


def test_a_failed_verification_is_diagnosed_by_itself(edgekit: Edgekit, mixnet: Converted, tmp_path: Path) -> None:
    folder = tmp_path / "openvino"
    shutil.copytree(mixnet.out / "MixNet_S" / "openvino", folder)
    damage(stored_parameters("openvino", folder)["conv2d_0.w_0"], np.random.default_rng(0), 2.0, channel=True)
    seal_again(folder)
    answer = edgekit("verify", folder, "--json")
    assert answer.returncode == 1
    assert json.loads(answer.stdout)["checks"][0]["verdict"]["status"] == "failed"
    (found,) = json.loads(answer.stdout)["diagnoses"]
    assert found["layer"]["changed_parameters"] == ["conv2d_0.w_0"]
    assert (tmp_path / "diagnosis-openvino" / "reproduce.py").exists()
    without = edgekit("verify", folder, "--no-diagnose")
    assert without.returncode == 1
    assert "diagnos" not in without.stdout + without.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["MixNet_S", "--out", "nothing-here"], 3, "Name a target"),
        (["MixNet_S", "-t", "lite", "-w", "demo", "--without-rewrite", "swish"], 2, "has no rewrite swish"),
        (["MixNet_S", "-t", "all", "-w", "demo"], 2, "one at a time"),
        (["NoSuchModel", "-t", "onnx"], 2, "NoSuchModel"),
    ],
)
def test_what_cannot_be_diagnosed_is_said(edgekit: Edgekit, arguments: list[str], status: int, said: str) -> None:
    answer = edgekit("diagnose", *arguments)
    assert answer.returncode == status, answer.stderr
    assert said in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_folder_with_other_files_is_not_replaced(edgekit: Edgekit, mixnet: Converted, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    answer = edgekit("diagnose", mixnet.out / "MixNet_S" / "onnx", "--reproducer", tmp_path)
    assert answer.returncode == 2
    assert "is no reproducer of edgekit: it holds thesis.txt" in answer.stderr
    assert (tmp_path / "thesis.txt").exists()


def test_the_command_starts_in_a_blink_without_numpy() -> None:
    code = "import sys, edgekit.cli.app; print('numpy' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert answer.stdout.strip() == "False"


@pytest.mark.parametrize("target", ["ncnn", "onnx"])
def test_what_parity_does_not_see_is_named_by_the_ledger(
    edgekit: Edgekit, mixnet: Converted, tmp_path: Path, target: str
) -> None:
    """One of the last 1536 biases times 1.01: every step is right to its noise, and the artifact is wrong."""
    folder = tmp_path / target
    shutil.copytree(mixnet.out / "MixNet_S" / target, folder)
    last = [one for one in stored_parameters(target, folder).values() if one.shape == (1536,)][-1]
    values = read(last)
    values[3] *= np.float32(1.01)
    write(last, values)
    seal_again(folder)
    answer = edgekit("verify", folder, "--json", "--no-diagnose")
    assert answer.returncode == 1, answer.stderr
    (check,) = json.loads(answer.stdout)["checks"]
    assert check["verdict"]["status"] == "failed"
    assert f"first {last.name} of Conv" in check["verdict"]["reason"]
    assert check["ledger"]["unexplained_count"] == 1
    (found,) = diagnosed(edgekit, folder)
    assert [step["status"] for step in found["steps"]] == ["ok"] * (len(found["steps"]) - 1) + ["guilty"]
    assert found["steps"][-1]["name"] == "ledger"
    assert found["layer"]["changed_parameters"] == [last.name]
    assert "Nothing is wrong" not in found["sentence"]
    assert f"first {last.name} of {found['layer']['type']} {found['layer']['name']}" in found["sentence"]
    assert found["sentence"].endswith("this one has been changed since, and is to be converted again.")
