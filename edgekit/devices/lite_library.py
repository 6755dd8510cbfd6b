"""A user's own Paddle Lite for ARM: an unpacked release, looked at before anything is built with it.

No package holds that library. Its releases are archives, inference_lite_lib.armlinux.armv8... for Linux: headers and
libraries lie in `include` and `lib`, in a folder `cxx` of C++ or where they were put.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from edgekit.devices.machine import Machine
from edgekit.errors import UsageError
from edgekit.filesystem.hashing import data_sha256, file_sha256
from edgekit.untrusted.elf import read_library
from edgekit.untrusted.files import resolved

VARIABLE = "EDGEKIT_LITE_LIBRARY"
SHARED, STATIC = "libpaddle_light_api_shared.so", "libpaddle_api_light_bundled.a"
HEADERS = ("paddle_api.h", "paddle_place.h")
STATIC_HEADERS = (*HEADERS, "paddle_use_kernels.h", "paddle_use_ops.h", "paddle_lite_factory_helper.h")
WAY_OUT = "Unpack a release for ARM Linux (inference_lite_lib.armlinux.armv8...) and name its folder."
# What only Android's C library is split into, or has beside it.
_ANDROID = {"liblog.so", "libc.so", "libm.so", "libdl.so"}


@dataclass(frozen=True)
class LiteLibrary:
    """`folder` holds `include` and `lib`; `file` is the library that is linked, shared where there is one."""

    folder: Path
    file: Path
    architecture: str
    shared: bool

    @property
    def headers(self) -> tuple[Path, ...]:
        """Those that a program with it needs."""
        names = HEADERS if self.shared else STATIC_HEADERS
        return tuple(self.folder / "include" / name for name in names)

    @property
    def digest(self) -> str:
        """The SHA-256 of its headers and of the library."""
        return data_sha256({path.name: file_sha256(path) for path in (*self.headers, self.file)})


def chosen_library(given: Path | None) -> LiteLibrary | None:
    """The one that a command gives, else the environment's, else none. Raises UsageError where it cannot be used."""
    if given is not None:
        return read_lite_library(given)
    named = os.environ.get(VARIABLE, "")
    return read_lite_library(Path(named)) if named else None


def read_lite_library(folder: Path) -> LiteLibrary:
    """Look at an unpacked release. Raises UsageError, in one sentence, for what it lacks."""
    if not folder.is_dir():
        raise UsageError(f"there is no folder {folder} with a Paddle Lite library", WAY_OUT)
    # A release's own folder, or the one of its C++ part.
    root = next((one for one in (folder / "cxx", folder) if (one / "lib").is_dir()), None)
    if root is None:
        raise UsageError(f"{folder} has no folder lib with a Paddle Lite library", WAY_OUT)
    file = next((root / "lib" / name for name in (SHARED, STATIC) if (root / "lib" / name).is_file()), None)
    if file is None:
        raise UsageError(f"{root / 'lib'} holds neither {SHARED} nor {STATIC}", WAY_OUT)
    found = read_library(file)
    if found.shared != (file.name == SHARED):
        raise UsageError(f"{file} is not what it is called", WAY_OUT)
    library = LiteLibrary(resolved(root), resolved(file), found.architecture, found.shared)
    if missing := [path.name for path in library.headers if not path.is_file()]:
        raise UsageError(
            f"{root / 'include'} lacks {', '.join(missing)}, which programs with {file.name} need", WAY_OUT
        )
    if android := sorted(_ANDROID & set(found.needed)):
        needed = ", ".join(android)
        raise UsageError(f"{file} is for Android, since it needs {needed}, and no Android runs here", WAY_OUT)
    return library


def check_machine(library: LiteLibrary, machine: Machine) -> None:
    """Raise UsageError where a library is for another processor than the machine's."""
    if library.architecture != machine.architecture.name:
        raise UsageError(
            f"{library.file} is for {library.architecture}, and {machine.name} runs {machine.architecture.name}",
            f"Name a release for {machine.architecture.name}, or another device.",
        )
