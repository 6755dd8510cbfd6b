import subprocess
from pathlib import Path

import pytest

from edgekit.errors import UsageError
from edgekit.untrusted.elf import Library, read_library
from tests.untrusted.libraries import AARCH64, ARMV7, X86_64, archive, shared


@pytest.mark.parametrize(("machine", "name"), [(AARCH64, "aarch64"), (ARMV7, "armv7"), (X86_64, "x86_64")])
def test_a_shared_library_says_its_processor_and_what_it_needs(
    tmp_path: Path, machine: tuple[int, int], name: str
) -> None:
    path = tmp_path / "lib.so"
    path.write_bytes(shared(machine))
    assert read_library(path) == Library(name, True, ("libm.so.6", "libc.so.6"))
    path.write_bytes(shared(machine, ()))
    assert read_library(path) == Library(name, True, ())


def test_an_archive_is_what_its_first_object_file_is(tmp_path: Path) -> None:
    path = tmp_path / "lib.a"
    path.write_bytes(archive(ARMV7))
    assert read_library(path) == Library("armv7", False)


def test_another_processor_is_told_by_its_number(tmp_path: Path) -> None:
    path = tmp_path / "lib.so"
    path.write_bytes(shared((8, 32), ()))
    assert read_library(path).architecture == "machine 8, 32 bits"


@pytest.mark.parametrize(
    "compiler",
    [
        pytest.param(one, marks=pytest.mark.needs(one))
        for one in ("gcc", "aarch64-linux-gnu-gcc", "arm-linux-gnueabihf-gcc")
    ],
)
def test_what_a_compiler_writes_is_read(tmp_path: Path, compiler: str) -> None:
    (tmp_path / "a.c").write_text('#include <math.h>\n#include <stdio.h>\nvoid f(double x) { printf("%g", sin(x)); }\n')
    subprocess.run([compiler, "-shared", "-fPIC", "a.c", "-lm", "-o", "a.so"], cwd=tmp_path, check=True)
    found = read_library(tmp_path / "a.so")
    expected = {"gcc": found.architecture}.get(compiler, "aarch64" if "aarch64" in compiler else "armv7")
    assert (found.architecture, found.shared) == (expected, True)
    assert {"libm.so.6", "libc.so.6"} <= set(found.needed)


@pytest.mark.parametrize(
    "content", [b"", b"\x7fELF", b"#!/bin/sh\n", b"!<arch>\n", b"!<arch>\n" + b"x" * 60, shared()[:100], shared()[:200]]
)
def test_what_is_no_whole_library_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "lib.so"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="is not a whole library") as refused:
        read_library(path)
    assert refused.value.remedy == "Unpack it again."


def test_a_table_of_names_outside_of_the_file_is_refused(tmp_path: Path) -> None:
    content = bytearray(shared())
    at = content.index((5).to_bytes(8, "little"), 64 + 2 * 56) + 8
    content[at : at + 8] = (1 << 40).to_bytes(8, "little")
    path = tmp_path / "lib.so"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="its table of names lies outside of it"):
        read_library(path)
