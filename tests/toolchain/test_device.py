import os
import stat
from pathlib import Path

import pytest

from edgekit.toolchain.device import Device, find_device, nvidia_gpu, parse_gpu


@pytest.fixture
def nvidia_smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Puts a program called nvidia-smi on PATH that runs the given shell line."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    def put(line: str) -> None:
        program = tmp_path / "bin" / "nvidia-smi"
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n{line}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")

    return put


def test_the_first_gpu_is_found(nvidia_smi) -> None:
    nvidia_smi("echo 'NVIDIA L4, 8.9, 580.95.05'; echo 'NVIDIA H100 80GB HBM3, 9.0, 580.95.05'")
    assert nvidia_gpu() == Device("NVIDIA L4", "sm89", "580.95.05")


@pytest.mark.parametrize("line", ["exit 9", "echo 'No devices were found'", ":"])
def test_a_driver_without_a_gpu_is_none(nvidia_smi, line: str) -> None:
    nvidia_smi(line)
    assert nvidia_gpu() is None


@pytest.mark.parametrize("hidden", ["", "-1"])
def test_a_hidden_gpu_is_none(nvidia_smi, monkeypatch: pytest.MonkeyPatch, hidden: str) -> None:
    nvidia_smi("echo 'NVIDIA L4, 8.9, 580.95.05'")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
    assert nvidia_gpu() is None


def test_no_driver_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert nvidia_gpu() is None


def test_two_digits_of_a_capability_are_kept() -> None:
    assert parse_gpu("NVIDIA GeForce RTX 5090, 12.0, 581.2\n") == Device("NVIDIA GeForce RTX 5090", "sm120", "581.2")


def test_it_is_asked_once(nvidia_smi, tmp_path: Path) -> None:
    find_device.cache_clear()
    nvidia_smi(f"echo x >> {tmp_path}/asked; echo 'NVIDIA L4, 8.9, 580.95.05'")
    try:
        assert find_device("nvidia-gpu") == find_device("nvidia-gpu") == Device("NVIDIA L4", "sm89", "580.95.05")
        assert (tmp_path / "asked").read_text() == "x\n"
    finally:
        find_device.cache_clear()
