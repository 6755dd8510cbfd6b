"""Compilers by architecture, and what is said where there is none."""

import platform
import re
from pathlib import Path

import pytest

from edgekit.errors import AbsentError, UsageError
from edgekit.native.architectures import ARCHITECTURES, find_architecture
from edgekit.native.compilers import Compiler, candidates, find_compiler
from edgekit.native.proof import launcher

HOST = platform.machine()


def program(folder: Path, name: str, words: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\necho '{words}'\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder in which programs are found."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def test_an_unknown_architecture_is_refused_with_the_list() -> None:
    with pytest.raises(UsageError, match="x86_64, aarch64, armv7, wasm"):
        find_architecture("mips")


@pytest.mark.parametrize("architecture", [one for one in ARCHITECTURES if one.name != HOST], ids=lambda one: one.name)
def test_a_missing_compiler_names_its_package(path: Path, architecture) -> None:
    with pytest.raises(AbsentError, match=re.escape(f"apt-get install {architecture.package}")) as raised:
        find_compiler(architecture)
    assert raised.value.exit_status == 3


@pytest.mark.parametrize("architecture", [one for one in ARCHITECTURES if one.name != HOST], ids=lambda one: one.name)
def test_a_missing_emulator_names_its_package(path: Path, architecture) -> None:
    with pytest.raises(AbsentError, match=f"apt-get install {architecture.emulator_package}"):
        launcher(architecture, "fp32")


def test_the_processor_has_what_the_precision_needs(path: Path) -> None:
    program(path, "qemu-aarch64-static", "")
    architecture = find_architecture("aarch64")
    if architecture.is_host:
        assert launcher(architecture, "fp16") == []
    else:
        assert launcher(architecture, "fp32")[1:] == ["-cpu", "cortex-a53"]
        assert launcher(architecture, "fp16")[1:] == ["-cpu", "cortex-a76"]


def test_both_compilers_of_one_kind(path: Path) -> None:
    """A C++ compiler without its C compiler is passed over."""
    architecture = find_architecture("armv7")
    program(path, "arm-linux-gnueabihf-g++", "arm-linux-gnueabihf-g++ (Debian 12.2.0-14) 12.2.0")
    with pytest.raises(AbsentError):
        find_compiler(architecture)
    program(path, "arm-linux-gnueabihf-gcc", "")
    found = find_compiler(architecture)
    assert (found.cxx, found.title) == (path / "arm-linux-gnueabihf-g++", "g++ 12.2.0")


def test_the_hosts_own_compilers_come_first() -> None:
    for one in ARCHITECTURES:
        assert (candidates(one)[0] == ("gcc", "g++")) == one.is_host


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("Debian clang version 14.0.6", "clang 14.0.6"),
        ("emcc (Emscripten gcc/clang-like replacement + linker emulating GNU ld) 3.1.6 ()", "emcc 3.1.6"),
        ("g++ (Debian 12.2.0-14+deb12u1) 12.2.0", "g++ 12.2.0"),
    ],
)
def test_titles(said: str, title: str) -> None:
    assert Compiler(Path("c"), Path("c++"), said).title == title
