"""Finds the compilers of an architecture."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from edgekit.errors import AbsentError
from edgekit.native.architectures import Architecture
from edgekit.toolchain.command import run_command


@dataclass(frozen=True)
class Compiler:
    """A C and a C++ compiler of one kind, by their paths, and what they say of themselves."""

    c: Path
    cxx: Path
    version: str

    @property
    def title(self) -> str:
        """Such as `g++ 12.2.0`."""
        number = re.search(r"\d+\.\d+(?:\.\d+)?", self.version)
        kind = next((kind for kind in ("emcc", "clang") if kind in self.version.lower()), "g++")
        return f"{kind} {number[0] if number else self.version}"


def candidates(architecture: Architecture) -> list[tuple[str, str]]:
    """The names of compilers that can be tried, C and C++, best first."""
    if architecture.system == "Emscripten":
        return [("emcc", "em++")]
    cross = (f"{architecture.triple}-gcc", f"{architecture.triple}-g++")
    return [("gcc", "g++"), ("clang", "clang++"), cross] if architecture.is_host else [cross]


def find_compiler(architecture: Architecture) -> Compiler:
    """The first compiler that is here and answers. Raises AbsentError, with the package to install, where none does."""
    for c, cxx in candidates(architecture):
        found = shutil.which(c), shutil.which(cxx)
        if found[0] and found[1]:
            answer = run_command([found[1], "--version"])
            if answer.returncode == 0 and answer.stdout.strip():
                return Compiler(Path(found[0]), Path(found[1]), answer.stdout.strip().splitlines()[0])
    package = "g++" if architecture.is_host else architecture.package
    raise AbsentError(
        f"no C++ compiler for {architecture.title} is here ({candidates(architecture)[-1][1]})",
        f"Install it: `apt-get install {package}`.",
    )
