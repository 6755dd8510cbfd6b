"""Whatever goes wrong: one clear sentence, the right exit status, and nothing half-written."""

import contextlib
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from safetensors.numpy import load_file, save_file

from conftest import PATIENCE_SECONDS, Edgekit, new_cache
from edgekit.artifact.load import load_artifact
from edgekit.weights.demo import demo_weights


def sentence(answer: subprocess.CompletedProcess[str]) -> str:
    """The error as printed; there must be one, and no traceback."""
    assert "Traceback" not in answer.stderr
    return next(line for line in answer.stderr.splitlines() if line.startswith("edgekit: "))


def convert(edgekit: Edgekit, out: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    answer = edgekit("convert", *arguments, "--out", out)
    assert not out.exists() or not list(out.rglob("*.*")), "something was left behind"
    return answer


@pytest.mark.parametrize(
    ("arguments", "status", "expected"),
    [
        (["MixNet_X", "-t", "onnx"], 2, 'there is no model named "MixNet_X". Did you mean'),
        (["MixNet_S", "-t", "onx"], 2, "there is no target onx. Did you mean onnx?"),
        (["MixNet_S", "-t", ","], 2, "no target is named"),
        (["MixNet_S", "-t", "onnx", "-w", "nowhere.pdparams"], 2, "there are no weights at nowhere.pdparams"),
        (["MixNet_S", "-t", "onnx", "-w", "synthetic:x"], 2, '"x" is no seed'),
        (["MixNet_S", "-t", "onnx", "-w", "demo", "--input-size", "7"], 2, "an input size of 7 px is out of range"),
        (["ResNet50", "-t", "onnx", "-w", "demo"], 3, "edgekit has no demo weights for ResNet50"),
        (["ResNet50", "-t", "onnx", "--offline"], 3, "--weights synthetic"),
        (["ResNet50", "-t", "onnx", "-w", "official", "--offline"], 3, "are not in the cache, and downloads are off"),
    ],
)
def test_mistakes_on_the_command_line(
    edgekit: Edgekit, tmp_path: Path, arguments: list[str], status: int, expected: str
) -> None:
    answer = convert(edgekit, tmp_path / "out", *arguments)
    assert answer.returncode == status
    assert expected in sentence(answer)
    assert answer.stdout == ""


def test_an_error_is_json_where_json_was_asked_for(edgekit: Edgekit) -> None:
    answer = edgekit("convert", "MixNet_S", "-t", "onx", "--json")
    assert answer.returncode == 2
    document = json.loads(answer.stdout)
    assert document["exit_status"] == 2
    assert "onx" in document["error"]


def test_a_missing_flag_is_usage(edgekit: Edgekit) -> None:
    answer = edgekit("convert", "MixNet_S")
    assert answer.returncode == 2
    assert "--target" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_no_network_is_said_with_the_way_out(edgekit: Edgekit, tmp_path: Path) -> None:
    """A proxy that nobody listens on makes every network look like none."""
    nowhere = dict.fromkeys(("https_proxy", "HTTPS_PROXY"), "http://127.0.0.1:9")
    answer = edgekit("convert", "ResNet50", "-t", "onnx", "-w", "official", "--out", tmp_path / "out", **nowhere)
    assert answer.returncode == 3
    assert "cannot be reached" in sentence(answer)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("keep", [0, 10, 100_000])
def test_truncated_weights(edgekit: Edgekit, tmp_path: Path, keep: int) -> None:
    path = tmp_path / "cut.pdparams"
    path.write_bytes(pickle.dumps({"w": np.ones((300, 300), np.float32)}, protocol=4)[:keep])
    answer = convert(edgekit, tmp_path / "out", "MixNet_S", "-t", "onnx", "-w", path)
    assert answer.returncode == 2
    assert "cut.pdparams" in sentence(answer)


class Attack:
    """Asks to run a command when it is unpickled."""

    def __reduce__(self):
        return os.system, ("touch attacked",)


def test_weights_that_ask_to_run_something_are_refused(edgekit: Edgekit, tmp_path: Path) -> None:
    path = tmp_path / "evil.pdparams"
    path.write_bytes(pickle.dumps({"w": Attack()}))
    answer = convert(edgekit, tmp_path / "out", "MixNet_S", "-t", "onnx", "-w", path)
    assert answer.returncode == 2
    assert "system" in sentence(answer)


@pytest.mark.toolchain
def test_weights_of_another_architecture_name_the_first_tensors(edgekit: Edgekit, tmp_path: Path) -> None:
    demo = demo_weights("MixNet_S")
    assert demo is not None
    answer = convert(edgekit, tmp_path / "out", "ResNet50", "-t", "onnx", "-w", demo.path)
    assert answer.returncode == 2
    assert "ResNet50" in sentence(answer)


@pytest.mark.toolchain
def test_weights_with_a_wrong_shape_name_the_tensor(edgekit: Edgekit, tmp_path: Path) -> None:
    demo = demo_weights("MixNet_S")
    assert demo is not None
    tensors = load_file(demo.path)
    name = "features.init_block.conv1.conv.weight"
    tensors[name] = np.zeros((16, 3, 5, 5), np.float16)
    save_file(tensors, tmp_path / "odd.safetensors")
    answer = convert(edgekit, tmp_path / "out", "MixNet_S", "-t", "onnx", "-w", tmp_path / "odd.safetensors")
    assert answer.returncode == 2
    assert name in sentence(answer)
    assert "[16, 3, 5, 5]" in sentence(answer)


@pytest.mark.toolchain
def test_a_full_disk(tmp_path: Path, session_cache: Path) -> None:
    """A real one: a file system of 8 MB for the artifacts, in a mount namespace of this test's own."""
    small = tmp_path / "small"
    small.mkdir()
    mount = f"mount -t tmpfs -o size=8m tmpfs {small}"
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-m", "sh", "-c", mount], check=False).returncode:
        pytest.skip("a small file system cannot be mounted here: it needs root and unshare")
    command = f"{sys.executable} -m edgekit convert MixNet_S -w demo -t onnx --out {small}/out"
    answer = subprocess.run(
        ["unshare", "-m", "sh", "-c", f"{mount} && {command}; status=$?; find {small} -type f; exit $status"],
        capture_output=True,
        text=True,
        env={**os.environ, "EDGEKIT_CACHE": str(session_cache)},
        check=False,
    )
    assert answer.returncode == 4
    assert "the disk is full" in sentence(answer)
    assert answer.stdout == ""


def start(cache: Path, out: Path) -> subprocess.Popen[str]:
    """A conversion in the background."""
    return subprocess.Popen(
        [sys.executable, "-m", "edgekit", "convert", "MixNet_S", "-w", "demo", "-t", "all", "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "EDGEKIT_CACHE": str(cache)},
        # A shell's background job, as CI may be, starts its children deaf to Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def wait_for_worker(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """Wait until a worker runs; returns the workers."""
    parent = psutil.Process(process.pid)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if workers := [child for child in parent.children(recursive=True) if is_busy_worker(child)]:
            return workers
        time.sleep(0.02)
    raise AssertionError("no worker was started")


def assert_ended(processes: list[psutil.Process]) -> None:
    """None runs any more; one that is dead and that nobody has collected yet (a zombie) does not run."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            while process.status() != psutil.STATUS_ZOMBIE:
                assert time.monotonic() < deadline, f"{process} is still alive"
                time.sleep(0.05)


def is_busy_worker(process: psutil.Process) -> bool:
    """Whether a process is a worker that has begun; it may end while we look."""
    try:
        return any("converters" in part for part in process.cmdline()) and process.cpu_times().user > 0.1
    except psutil.Error:
        return False


@pytest.mark.toolchain
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_run_leaves_nothing_and_the_next_one_works(tmp_path: Path, how: signal.Signals) -> None:
    cache, out = new_cache(tmp_path / "cache"), tmp_path / "out"
    process = start(cache, out)
    workers = wait_for_worker(process)
    process.send_signal(how)
    _, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert_ended(workers)
    assert not list(out.rglob("*")), "a half-written artifact"
    if how != signal.SIGKILL:
        assert process.returncode == 130
        assert "interrupted" in errors
        assert "Traceback" not in errors
        assert not list((cache / "stages").rglob(".*")), "a half-made stage"
    again = start(cache, out)
    _, errors = again.communicate(timeout=PATIENCE_SECONDS)
    assert again.returncode == 0, errors
    assert len(load_artifact(out / "MixNet_S" / "ncnn").manifest.files) == 2
    assert not [path for path in (cache / "stages").rglob(".*") if path.is_dir()]


@pytest.mark.toolchain
def test_two_runs_at_once_on_one_cache(tmp_path: Path) -> None:
    cache = new_cache(tmp_path / "cache")
    both = [start(cache, tmp_path / "out") for _ in range(2)]
    errors = [process.communicate(timeout=PATIENCE_SECONDS)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], errors
    made = [line for text in errors for line in text.splitlines() if line.startswith("✓ export")]
    assert len(made) == 1
    for target in ("onnx", "openvino", "ncnn", "lite"):
        load_artifact(tmp_path / "out" / "MixNet_S" / target)
    assert not list((tmp_path / "out").rglob(".*"))


@pytest.mark.toolchain
def test_an_output_folder_that_cannot_be_written(edgekit: Edgekit) -> None:
    answer = edgekit("convert", "MixNet_S", "-w", "demo", "-t", "onnx", "--out", "/proc/edgekit")
    assert answer.returncode == 4
    assert "/proc/edgekit" in sentence(answer)
    assert "could not be written" in sentence(answer)
