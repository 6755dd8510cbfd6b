from pathlib import Path

import pytest

from edgekit.devices.lite_library import (
    HEADERS,
    SHARED,
    STATIC,
    STATIC_HEADERS,
    VARIABLE,
    check_machine,
    chosen_library,
    read_lite_library,
)
from edgekit.devices.machine import known_machines
from edgekit.errors import UsageError
from tests.untrusted.libraries import ARMV7, archive, shared

MACHINE = known_machines()["aarch64:cortex-a53"]


def release(folder: Path, library: bytes | None = None, name: str = SHARED, headers: tuple[str, ...] = HEADERS) -> Path:
    """An unpacked release without a line of code."""
    for part in ("include", "lib"):
        (folder / "cxx" / part).mkdir(parents=True)
    for header in headers:
        (folder / "cxx" / "include" / header).write_text("#pragma once\n")
    (folder / "cxx" / "lib" / name).write_bytes(shared() if library is None else library)
    return folder


def test_a_release_is_found_by_its_folder_and_by_that_of_its_c_part(tmp_path: Path) -> None:
    folder = release(tmp_path / "release")
    for given in (folder, folder / "cxx"):
        library = read_lite_library(given)
        assert (library.folder, library.architecture, library.shared) == (folder / "cxx", "aarch64", True)
        check_machine(library, MACHINE)


def test_a_static_library_needs_more_headers(tmp_path: Path) -> None:
    folder = release(tmp_path / "release", archive(), STATIC)
    with pytest.raises(
        UsageError, match=r"include lacks paddle_use_kernels\.h, paddle_use_ops\.h, paddle_lite_factory"
    ):
        read_lite_library(folder)
    library = read_lite_library(release(tmp_path / "whole", archive(), STATIC, STATIC_HEADERS))
    assert (library.architecture, library.shared, library.file.name) == ("aarch64", False, STATIC)


def test_the_content_decides_what_it_is(tmp_path: Path) -> None:
    one, same = (read_lite_library(release(tmp_path / name)) for name in ("a", "b"))
    assert one.digest == same.digest
    same.headers[0].write_text("#pragma once\n// changed\n")
    assert one.digest != same.digest


@pytest.mark.parametrize(
    ("library", "said"),
    [
        (b"MZ", "is not a whole library"),
        (archive(), "is not what it is called"),
        (shared(needed=("liblog.so", "libc.so")), r"is for Android, since it needs libc\.so, liblog\.so"),
    ],
)
def test_another_library_is_refused(tmp_path: Path, library: bytes, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read_lite_library(release(tmp_path / "release", library))


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no folder .*absent") as refused:
        read_lite_library(tmp_path / "absent")
    assert "armlinux.armv8" in refused.value.remedy
    with pytest.raises(UsageError, match="has no folder lib"):
        read_lite_library(tmp_path)
    (tmp_path / "lib").mkdir()
    with pytest.raises(UsageError, match=f"holds neither {SHARED} nor {STATIC}"):
        read_lite_library(tmp_path)
    (tmp_path / "lib" / SHARED).write_bytes(shared())
    with pytest.raises(UsageError, match=r"include lacks paddle_api\.h, paddle_place\.h, which programs with"):
        read_lite_library(tmp_path)


def test_another_processor_is_refused(tmp_path: Path) -> None:
    library = read_lite_library(release(tmp_path / "release", shared(ARMV7)))
    with pytest.raises(UsageError, match="is for armv7, and aarch64:cortex-a53 runs aarch64"):
        check_machine(library, MACHINE)


def test_the_command_s_is_taken_before_the_environment_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert chosen_library(None) is None
    one, other = (release(tmp_path / name) for name in ("a", "b"))
    monkeypatch.setenv(VARIABLE, str(one))
    found = chosen_library(None), chosen_library(other)
    assert [library and library.folder for library in found] == [one / "cxx", other / "cxx"]
