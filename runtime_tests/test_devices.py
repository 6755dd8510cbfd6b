"""Artifacts on ARM64: the runtimes' own packages for it, on emulated processors."""

import json
import shutil
import subprocess

import pytest

from edgekit.bundled import bundled_folder
from edgekit.cache import cache_folder
from edgekit.devices.emulation import emulated_python
from edgekit.devices.examine import emulated_targets
from edgekit.devices.machine import known_machines
from edgekit.toolchain.confinement import confinement, try_confinement
from edgekit.toolchain.script import requirements_of
from edgekit.toolchain.worker import worker_environment
from tests.diagnose.damage import damage, seal_again, stored_parameters

SMALL, LARGE, OLD = "aarch64:cortex-a53", "aarch64:cortex-a76", "armv7:cortex-a7"

pytestmark = pytest.mark.needs("qemu-aarch64-static", "apt-get")


@pytest.fixture(scope="module")
def artifacts(edgekit, tmp_path_factory):
    out = tmp_path_factory.mktemp("artifacts")
    answer = edgekit("convert", "MixNet_S", "--weights", "demo", "--target", "all,mnn,tflite", "--out", out, "--json")
    assert answer.returncode == 0, answer.stderr
    return out


@pytest.fixture(scope="module")
def checks(edgekit, artifacts):
    answer = edgekit("verify", "MixNet_S", "--out", artifacts, "--device", f"host,{SMALL},{LARGE}", "--json")
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)["checks"]


def test_every_runtime_computes_on_arm_what_paddle_does(checks):
    ran = {(one["target"], one["machine"]): one for one in checks if one["variant"] == ""}
    assert set(ran) == {
        (target, on) for target in emulated_targets(known_machines()[SMALL]) for on in (None, SMALL, LARGE)
    }
    for (_, machine), one in ran.items():
        figures = one["verdict"]["outputs"]["logits"]
        assert one["verdict"]["status"] == "passed"
        assert 0 < figures["against_oracle"]["max_relative"] < figures["max_threshold"]
        assert (one["latency"] is None) == (machine is not None)


def test_it_was_another_processor(artifacts, checks):
    """Other instructions round in other places: no output is the same to the bit, all are within FP32's noise."""
    errors = {one["machine"]: one["verdict"]["outputs"]["logits"] for one in checks if one["target"] == "ncnn"}
    here, there = (errors[name]["against_oracle"]["rms_relative"] for name in (None, SMALL))
    assert here != there
    assert there < 2e-6


def test_what_is_only_inspected_is_inspected_once(checks):
    assert [one["variant"] for one in checks if one["target"] == "lite"] == ["x86", "ARM"]


def test_what_does_not_run_there_is_no_verification(edgekit, artifacts):
    answer = edgekit("verify", artifacts / "MixNet_S" / "lite", "--device", SMALL)
    assert answer.returncode == 2
    assert f"lite does not run on {SMALL}. `edgekit devices` lists what runs where" in answer.stderr


def test_verdicts_of_all_machines_stay_in_the_manifest(edgekit, artifacts, checks):
    answer = edgekit("verify", artifacts / "MixNet_S" / "onnx", "--device", SMALL, "--json")
    assert answer.returncode == 0, answer.stderr
    manifest = json.loads((artifacts / "MixNet_S" / "onnx" / "manifest.json").read_text())
    assert [one["machine"] for one in manifest["verdicts"]] == [None, SMALL, LARGE]


def test_a_damaged_artifact_fails_there_too(edgekit, artifacts, tmp_path):
    import numpy as np

    folder = tmp_path / "onnx"
    shutil.copytree(artifacts / "MixNet_S" / "onnx", folder)
    stored = stored_parameters("onnx", folder)
    chosen = max(stored.values(), key=lambda one: one.count)
    damage(chosen, np.random.default_rng(0), 2.0, channel=True)
    seal_again(folder)
    answer = edgekit("verify", folder, "--device", SMALL, "--json", "--no-diagnose")
    assert answer.returncode == 1, answer.stderr
    (check,) = json.loads(answer.stdout)["checks"]
    assert (check["machine"], check["verdict"]["status"]) == (SMALL, "failed")


def test_fp16_is_computed_in_fp16_where_the_processor_has_it(edgekit, tmp_path):
    answer = edgekit(
        *("convert", "MixNet_S", "--weights", "demo", "--target", "ncnn", "--precision", "fp16", "--out", tmp_path)
    )
    assert answer.returncode == 0, answer.stderr
    answer = edgekit("verify", "MixNet_S", "--out", tmp_path, "--device", f"{SMALL},{LARGE}", "--json")
    assert answer.returncode == 0, answer.stderr
    errors = [
        one["verdict"]["outputs"]["logits"]["against_oracle"]["rms_relative"]
        for one in json.loads(answer.stdout)["checks"]
    ]
    assert errors[1] > 1.2 * errors[0]  # stored in FP16 on both; added up in FP16 on the newer one alone


@pytest.fixture(scope="module")
def overflowing(edgekit, foreign_models, tmp_path_factory):
    """An FP16 artifact with values beyond 65504 on the way: right where FP32 is kept inside, infinite elsewhere."""
    out = tmp_path_factory.mktemp("overflowing")
    flags = ("--input-size", "32", "--target", "ncnn", "--precision", "fp16", "--out", out)
    answer = edgekit("convert", foreign_models / "overflowing", *flags)
    assert answer.returncode == 0, answer.stderr
    return out / "overflowing" / "ncnn-fp16"


def test_a_fault_of_one_processor_alone_is_named_with_its_layer(edgekit, overflowing):
    answer = edgekit("diagnose", overflowing, "--device", LARGE, "--json")
    assert answer.returncode == 1, answer.stderr
    (found,) = json.loads(answer.stdout)["diagnoses"]
    assert [step["status"] for step in found["steps"]][-2:] == ["ok", "guilty"]
    assert found["steps"][-1]["title"] == "ncnn artifact on cortex-a76"
    assert "NaN or infinite" in found["steps"][-1]["reason"]
    assert found["layer"]["type"] == "BinaryOp"  # the multiplication that leaves FP16
    assert found["compared_with"] == "the same tensors of the same file on this machine"
    assert found["reproducer"] is None


def test_the_same_file_is_right_on_a_processor_that_computes_in_fp32(edgekit, overflowing):
    found = json.loads(edgekit("diagnose", overflowing, "--device", SMALL, "--json").stdout)["diagnoses"][0]
    assert {step["status"] for step in found["steps"]} == {"ok"}
    assert found["layer"] is None


def test_photos_are_named_there_as_here(edgekit, artifacts):
    photos = bundled_folder("edgekit") / "inputs" / "photos"
    some = [photos / "cat.png", photos / "coffee.png"]
    here, there = (
        json.loads(edgekit("predict", artifacts / "MixNet_S" / "onnx", *some, "--device", on, "--json").stdout)
        for on in ("host", LARGE)
    )
    for mine, theirs in zip(here["photos"], there["photos"], strict=True):
        first, second = (one["classes"]["onnx"][0] for one in (mine, theirs))
        assert first["index"] == second["index"]
        assert abs(first["probability"] - second["probability"]) < 1e-5


def test_photos_are_evaluated_there_and_named_as_here(edgekit, artifacts):
    answer = edgekit("evaluate", artifacts / "MixNet_S" / "ncnn", "--data", "bundled", "--device", SMALL, "--json")
    assert answer.returncode == 0, answer.stderr
    report = json.loads(answer.stdout)
    assert [one["machine"] for one in report["about"]["subjects"]] == [None, SMALL]
    there = report["models"][1]
    assert (there["agreement"]["count"], there["photos"], there["not_finite"]) == (8, 8, 0)
    assert 0 < there["errors"]["largest"] < 1e-5


def test_a_benchmark_judges_what_is_emulated_and_times_nothing(edgekit):
    flags = ("--weights", "demo", "--target", "ncnn", "--device", LARGE, "--json")
    answer = edgekit("bench", "MixNet_S", *flags)
    assert answer.returncode == 0, answer.stderr
    (row,) = json.loads(answer.stdout)["rows"]
    assert (row["status"], row["machine"]) == ("computed", LARGE)
    assert row["latency"] is None
    assert row["images_per_second"] is None
    assert row["peak_memory_bytes"] > row["file_bytes"]
    figures = row["verdict"]["outputs"]["logits"]
    assert 0 < figures["against_oracle"]["max_relative"] < figures["max_threshold"]


@pytest.mark.needs("qemu-arm-static")
def test_ncnn_runs_on_32_bit_arm(edgekit, artifacts):
    answer = edgekit("verify", artifacts / "MixNet_S" / "ncnn", "--device", OLD, "--json")
    assert answer.returncode == 0, answer.stderr
    (check,) = json.loads(answer.stdout)["checks"]
    assert (check["machine"], check["verdict"]["status"]) == (OLD, "passed")
    assert edgekit("verify", artifacts / "MixNet_S" / "onnx", "--device", OLD).returncode == 2


def test_the_list_says_what_is_ready(edgekit, checks):
    found = {one["name"]: one for one in json.loads(edgekit("devices", "--json").stdout)["devices"]}
    assert found[SMALL]["status"] == found[LARGE]["status"] == "ready"


def test_an_emulated_worker_is_confined_too(tmp_path):
    """The emulator is: what the program in it asks for, the emulator asks this machine's kernel for."""
    if isinstance(tried := try_confinement(), str) or tried.writes_elsewhere or tried.sockets:
        pytest.skip("this kernel does not confine a process")
    own, output = tmp_path / "own", tmp_path / "output"
    for folder in (own, output):
        folder.mkdir()
    script = bundled_folder("converters") / "ncnn" / "run.py"
    command = emulated_python(known_machines()[SMALL], requirements_of(script), cache_folder(), print)
    code = f"""if True:
        import socket
        open({str(own / "mine")!r}, "w").close()
        for attempt in (lambda: open({str(tmp_path / "theirs")!r}, "w"), socket.socket):
            try:
                attempt()
                print("done")
            except OSError as error:
                print(type(error).__name__)"""
    variables = worker_environment(own, 1) | confinement(script, own, output, gpu=False)
    answer = subprocess.run([*command, "-c", code], env=variables, capture_output=True, text=True, check=False)
    assert answer.stdout.split() == ["PermissionError", "PermissionError"], answer.stderr
    assert (own / "mine").exists()
    assert not (tmp_path / "theirs").exists()
