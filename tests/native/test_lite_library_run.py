"""Paddle Lite's ARM file in a user's own library, from the command line: built, run on an emulated core, judged.

No such library can be had here: a double takes its place, which computes one small network (lite_double/). With
EDGEKIT_LITE_LIBRARY a real one runs MixNet_S besides.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from edgekit.devices.lite_library import SHARED, VARIABLE
from tests.native import lite_model

COMPILER, EMULATOR = "aarch64-linux-gnu-g++", "qemu-aarch64-static"
DOUBLE = Path(__file__).parent / "lite_double"
MACHINE = "aarch64:cortex-a53"

pytestmark = [
    pytest.mark.toolchain,
    pytest.mark.needs(COMPILER, EMULATOR, "apt-get", "make"),
]


@pytest.fixture(scope="module")
def release(tmp_path_factory) -> Path:
    """An unpacked release of the double, laid out as Paddle Lite's are."""
    folder = tmp_path_factory.mktemp("release")
    shutil.copytree(DOUBLE / "include", folder / "cxx" / "include")
    (folder / "cxx" / "lib").mkdir()
    source, made = DOUBLE / "double.cpp", folder / "cxx" / "lib" / SHARED
    command = [COMPILER, "-std=c++17", "-O1", "-shared", "-fPIC", f"-I{DOUBLE / 'include'}", source, "-o", made]
    subprocess.run(command, check=True)
    return folder


@pytest.fixture(scope="module")
def artifact(edgekit, tmp_path_factory) -> Path:
    program = lite_model.write(tmp_path_factory.mktemp("program") / "means")
    out = tmp_path_factory.mktemp("artifacts")
    answer = edgekit("convert", program, "--target", "lite", "--out", out, "--no-diagnose", "--json")
    assert answer.returncode == 0, answer.stderr
    return out / "means" / "lite"


@pytest.fixture
def verified(edgekit, session_cache, artifact, release):
    """Verifies the ARM file with the double, wrong as `fault` says; returns the exit status and the one check."""

    def run(fault: str = "", *, again: bool = False):
        if not again:  # what makes the double wrong is no part of a stage's key
            shutil.rmtree(session_cache / "stages" / "lite" / "run_arm", ignore_errors=True)
        flags = ("--device", MACHINE, "--lite-library", release, "--no-diagnose", "--json")
        answer = edgekit("verify", artifact, *flags, EDGEKIT_LITE_DOUBLE=fault)
        assert answer.returncode in (0, 1), answer.stderr
        assert answer.stdout, answer.stderr
        (check,) = json.loads(answer.stdout)["checks"]
        return answer.returncode, check

    return run


def test_the_arm_file_is_run_and_judged_like_any_other(edgekit, verified, artifact):
    status, check = verified()
    assert (status, check["variant"], check["machine"]) == (0, "ARM", MACHINE)
    assert (check["verdict"]["status"], check["latency"]) == ("passed", None)
    figures = check["verdict"]["outputs"]["logits"]
    assert 0 < figures["against_oracle"]["max_relative"] < figures["max_threshold"]
    assert check["verdict"]["warnings"] == []
    # A second time it is remembered, and the verdict stands in the manifest.
    assert verified(again=True)[1]["verdict"] == check["verdict"]
    manifest = json.loads((artifact / "manifest.json").read_text())
    kept = {(one["variant"], one["machine"]): one["verdict"]["status"] for one in manifest["verdicts"]}
    assert kept["ARM", MACHINE] == "passed"
    # On this machine it is still inspected, and not called passed.
    answer = edgekit("verify", artifact, "--json", "--no-diagnose")
    checks = {one["variant"]: one["verdict"]["status"] for one in json.loads(answer.stdout)["checks"]}
    assert checks == {"x86": "passed", "ARM": "not run"}


@pytest.mark.parametrize("precision", ["fp16", "int8"])
def test_another_precision_is_run_as_the_file_says(edgekit, artifact, release, precision, tmp_path):
    """In FP16 the library gives an output under a longer name; what a layer computes in stands in the file."""
    program = lite_model.write(tmp_path / "means")
    words = ("--target", "lite", "--precision", precision, "--out", tmp_path / "out", "--no-diagnose", "--json")
    assert edgekit("convert", program, *words).returncode == 0
    flags = ("--device", MACHINE, "--lite-library", release, "--no-diagnose", "--json")
    folder = tmp_path / "out" / "means" / f"lite-{precision}"
    answer = edgekit("verify", folder, *flags, EDGEKIT_LITE_DOUBLE=precision)
    (check,) = json.loads(answer.stdout)["checks"]
    assert (check["verdict"]["status"], check["verdict"]["precision"]) == ("passed", precision), answer.stderr


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("crash", "edgekit_runner with Paddle Lite crashed (SIGABRT)"),
        ("illegal", "edgekit_runner with Paddle Lite crashed (SIGILL)"),
        ("shape", "edgekit_runner with Paddle Lite refused: the output logits came as [1, 4]"),
        ("nan", "NaN"),
        ("off", "logits"),
    ],
)
def test_what_is_wrong_fails_with_its_reason(verified, fault, said):
    status, check = verified(fault)
    assert (status, check["verdict"]["status"]) == (1, "failed")
    assert said.lower() in check["verdict"]["reason"].lower()


def test_the_library_is_looked_at_before_anything_is_built(edgekit, artifact, release, tmp_path):
    wrong = tmp_path / "wrong"
    shutil.copytree(release, wrong)
    (wrong / "cxx" / "include" / "paddle_place.h").unlink()
    answer = edgekit("verify", artifact, "--device", MACHINE, "--lite-library", wrong)
    assert answer.returncode == 2
    assert "include lacks paddle_place.h" in answer.stderr
    shutil.copytree(release / "cxx" / "include", wrong / "cxx" / "include", dirs_exist_ok=True)
    subprocess.run(["gcc", "-shared", "-x", "c", "/dev/null", "-o", wrong / "cxx" / "lib" / SHARED], check=True)
    answer = edgekit("verify", artifact, "--device", MACHINE, EDGEKIT_LITE_LIBRARY=str(wrong))
    assert answer.returncode == 2
    assert f"and {MACHINE} runs aarch64" in answer.stderr


def test_a_library_without_a_device_is_no_verification(edgekit, artifact, release):
    answer = edgekit("verify", artifact, "--lite-library", release)
    assert answer.returncode == 2
    assert "none is asked for. Add --device host,aarch64:cortex-a53" in answer.stderr
    answer = edgekit("verify", artifact, "--device", MACHINE)
    assert answer.returncode == 2
    assert f"lite does not run on {MACHINE}" in answer.stderr


def test_the_runner_never_asks_for_low_precision():
    """On an FP32 file it gives NaN for some networks, silently; the double does the same."""
    source = Path(__file__).parents[2] / "runtime" / "backends" / "lite.cpp"
    assert "set_precision_mode" not in source.read_text()


@pytest.mark.skipif(not os.environ.get(VARIABLE), reason=f"{VARIABLE} names no Paddle Lite for ARM Linux")
@pytest.mark.parametrize("arithmetic", ["exact", "fast"])
def test_a_real_library_runs_mixnet(edgekit, tmp_path, arithmetic):
    flags = ("--weights", "demo", "--target", "lite", "--arm-arithmetic", arithmetic, "--out", tmp_path)
    assert edgekit("convert", "MixNet_S", *flags).returncode == 0
    machines = f"{MACHINE},aarch64:cortex-a76"
    answer = edgekit("verify", "MixNet_S", "--out", tmp_path, "--device", machines, "--json", "--no-diagnose")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    for check in json.loads(answer.stdout)["checks"]:
        assert (check["variant"], check["verdict"]["status"]) == ("ARM", "passed")
