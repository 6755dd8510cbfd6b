"""CMake, from this environment, told of a compiler, and the system's make.

Not Ninja: it gives each compiler a process group of its own, which no worker may have.
"""

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bounded import run
from edgeworker.refusal import Refusal

Settings = Mapping[str, "str | bool | Path"]


def cmake() -> Path:
    """CMake's program. Raises Refusal where it is not there."""
    if (found := shutil.which("cmake", path=str(Path(sys.executable).parent))) is None:
        raise Refusal("CMake is missing from the builds' environment", "Run `edgekit cache clear environments`")
    return Path(found)


def make() -> Path:
    """The system's make. Raises Refusal where it is not there."""
    if (found := shutil.which("make")) is None:
        raise Refusal("make is not here, which builds need", "Install it: `apt-get install make`", kind="absent")
    return Path(found)


def configure(source: Path, build: Path, compiler: Mapping[str, Any], settings: Settings) -> None:
    """Make `build` ready to build `source`.

    `compiler` holds the paths of `c` and `cxx`, the `system` and the `processor` they compile for, `cross` and `flags`.
    """
    flags = " ".join([*compiler["flags"], "-ffunction-sections", "-fdata-sections", f"-ffile-prefix-map={source}=."])
    common: dict[str, str | bool | Path] = {
        "CMAKE_BUILD_TYPE": "Release",
        "CMAKE_MAKE_PROGRAM": make(),
        "CMAKE_C_FLAGS": flags,
        "CMAKE_CXX_FLAGS": flags,
    }
    if compiler["system"] == "Emscripten":
        # Emscripten's own description of itself, beside its compiler.
        common["CMAKE_TOOLCHAIN_FILE"] = emscripten_toolchain(Path(compiler["cxx"]))
    else:
        common |= {"CMAKE_C_COMPILER": compiler["c"], "CMAKE_CXX_COMPILER": compiler["cxx"]}
        if compiler["cross"]:
            common |= {"CMAKE_SYSTEM_NAME": compiler["system"], "CMAKE_SYSTEM_PROCESSOR": compiler["processor"]}
    defined = [f"-D{name}={text(value)}" for name, value in {**common, **settings}.items()]
    run([cmake(), "-G", "Unix Makefiles", "-S", source, "-B", build, *defined], "CMake")


def build(folder: Path, target: str) -> None:
    """Build one target, on all cores that this process may use."""
    jobs = str(len(os.sched_getaffinity(0)))
    run([cmake(), "--build", folder, "--target", target, "--parallel", jobs], "the build")


def text(value: "str | bool | Path") -> str:
    """A setting as CMake writes it."""
    return ("ON" if value else "OFF") if isinstance(value, bool) else str(value)


def emscripten_toolchain(compiler: Path) -> Path:
    """The file that tells CMake of Emscripten. Raises Refusal where it is not beside the compiler."""
    for root in (compiler.resolve().parent, Path("/usr/share/emscripten")):
        file = root / "cmake" / "Modules" / "Platform" / "Emscripten.cmake"
        if file.is_file():
            return file
    raise Refusal(f"{compiler} has no Emscripten.cmake beside it", "Install Emscripten again")
