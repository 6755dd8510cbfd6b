"""`edgekit cache` as a user calls it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import Edgekit
from edgekit.cache.kept import kept_file


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A cache with one stage's output, golden inputs, a log and a link to a folder of the user's."""
    cache = tmp_path / "cache"
    folder = cache / "stages" / "tool" / "verb" / ("0" * 64)
    folder.mkdir(parents=True)
    (folder / "out.bin").write_bytes(bytes(range(256)) * 400)
    kept_file(cache / "inputs" / "x.safetensors", cache, lambda: b"content")
    (cache / "logs").mkdir()
    (cache / "logs" / "tool.log").write_text("log")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").touch()
    (cache / "environments").symlink_to(tmp_path / "mine")
    return cache


def run(edgekit: Edgekit, cache: Path, *arguments: str, status: int = 0) -> dict:
    answer = edgekit("cache", *arguments, "--json", EDGEKIT_CACHE=str(cache))
    assert answer.returncode == status, answer.stderr
    assert "Traceback" not in answer.stderr
    return json.loads(answer.stdout)


def test_show(edgekit: Edgekit, small: Path) -> None:
    shown = run(edgekit, small, "show")
    assert {one["kind"]: one["entries"] for one in shown["kinds"]} == {"stages": 1, "inputs": 1, "logs": 1}
    assert shown["bound_bytes"] == 20 * 10**9
    assert shown["links"] == [str(small / "environments")]
    assert shown["bytes"] >= 102_400
    text = edgekit("cache", "show", EDGEKIT_CACHE=str(small)).stdout
    assert "outputs of conversions and runs" in text
    assert "20 GB" in text


def test_prune_and_clear(edgekit: Edgekit, small: Path, tmp_path: Path) -> None:
    assert run(edgekit, small, "prune", "--keep-days", "1")["removed"] == []
    assert run(edgekit, small, "prune", "--max-size", "1GB")["removed"] == []
    assert len(run(edgekit, small, "clear", "logs")["removed"]) == 1
    gone = run(edgekit, small, "clear", "--all")
    assert {one["kind"] for one in gone["removed"]} == {"stages", "inputs"}
    assert gone["failed"] == []
    assert (tmp_path / "mine" / "file").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["prune", "--max-size", "much"], "--max-size is no size: 'much'"),
        (["prune", "--keep-days", "-1"], "keep-days"),
        (["clear", "everything"], "everything"),
        (["clear", "logs", "--all"], "--all is every kind"),
    ],
)
def test_mistakes(edgekit: Edgekit, small: Path, arguments: list[str], said: str) -> None:
    answer = edgekit("cache", *arguments, EDGEKIT_CACHE=str(small))
    assert answer.returncode == 2
    assert said in answer.stderr
    assert "Traceback" not in answer.stderr


def test_verify_names_what_is_damaged(edgekit: Edgekit, small: Path) -> None:
    """The stage here has no record at all; the inputs are changed behind what is remembered of them."""
    found = run(edgekit, small, "verify", status=1)
    assert found["checked"] == 2
    assert [one["kind"] for one in found["damaged"]] == ["stages"]
    path = small / "inputs" / "x.safetensors"
    path.write_bytes(b"CONTENT")
    damaged = run(edgekit, small, "verify", status=1)["damaged"]
    assert [one["path"] for one in damaged if one["kind"] == "inputs"] == [str(path)]


def test_a_cache_that_is_not_there_is_empty(edgekit: Edgekit, tmp_path: Path) -> None:
    for command in ("show", "prune", "clear", "verify"):
        run(edgekit, tmp_path / "none", command)
    assert not (tmp_path / "none").exists()


@pytest.mark.toolchain
def test_a_full_cache_is_one_sentence_and_heals(tmp_path: Path, session_cache: Path) -> None:
    """Real disks of several sizes: the export's parameters do not fit, then the targets' files do not."""
    small = tmp_path / "small"
    small.mkdir()
    if os.geteuid() != 0:
        pytest.skip("a small file system cannot be mounted here: it needs root")
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(small)], check=False)
    if made.returncode:
        pytest.skip("a small file system cannot be mounted here")
    try:
        (small / "environments").symlink_to((session_cache / "environments").resolve())
        command = [
            "-m",
            "edgekit",
            "convert",
            "MixNet_S",
            "-w",
            "demo",
            "-t",
            "openvino",
            "--no-speed-rewrites",
            "--out",
            str(tmp_path / "out"),
        ]
        environment = {**os.environ, "EDGEKIT_CACHE": str(small)}
        for size, failing in (("4m", "export"), ("16m", "OpenVINO conversion"), ("100m", None)):
            subprocess.run(["mount", "-o", f"remount,size={size}", str(small)], check=True)
            answer = subprocess.run(
                [sys.executable, *command], capture_output=True, text=True, env=environment, check=False
            )
            assert "Traceback" not in answer.stderr
            if failing is None:
                assert answer.returncode == 0, answer.stderr
                continue
            assert answer.returncode == 4
            (line,) = (line for line in answer.stderr.splitlines() if line.startswith("edgekit: "))
            assert failing in line
            assert "the disk is full: " in line
            assert f"(the disk at {small})" in line
            assert "nor the other way" not in line
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)
