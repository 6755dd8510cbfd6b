"""Runs the programs of a build; their words go to the worker's log."""

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from edgeworker.refusal import Refusal

_ERROR = re.compile(r"\b(?:error:|undefined reference|undefined symbol|CMake Error|Error \d+$)", re.IGNORECASE)
# What a user has set for other builds must not enter this one: its key would not tell.
_OTHERS = (
    "CFLAGS", "CXXFLAGS", "CPPFLAGS", "LDFLAGS", "CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "LIBRARY_PATH",
    "CC", "CXX", "CMAKE_GENERATOR", "CMAKE_PREFIX_PATH", "CMAKE_TOOLCHAIN_FILE", "CMAKE_BUILD_TYPE",
)  # fmt: skip
# Its libraries are taken as they were installed, since no worker may write beside them. Debian's have what it runs in
# node where only Debian's own node looks.
_EMSCRIPTEN = {"EM_FROZEN_CACHE": "1", "NODE_PATH": "/usr/share/nodejs"}


def run(command: list[str | Path], what: str) -> None:
    """Run a command. Raises Refusal with the line that matters where it fails."""
    environment = {name: value for name, value in os.environ.items() if name not in _OTHERS} | _EMSCRIPTEN
    lines: list[str] = []
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(line.strip())
    if process.returncode:
        raise Refusal(f"{what} failed: {telling(lines)}")


def telling(lines: Sequence[str]) -> str:
    """The line of a build that says what is wrong: a compiler's, a linker's or CMake's error, else the last one."""
    said = [line for line in lines if line]
    return next((line for line in said if _ERROR.search(line)), said[-1] if said else "no message")
