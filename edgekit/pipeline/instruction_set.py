"""The instruction set that artifacts are made for: a recipe may bind rewrites for speed to some."""

import platform

from edgekit.errors import UsageError
from edgekit.native.architectures import ARCHITECTURES

INSTRUCTION_SETS = {"aarch64": "aarch64", "armv7l": "armv7", "armv8l": "armv7", "x86_64": "x86_64"}
"""What `uname -m` says -> the instruction set whose programs run there."""


def this_machine() -> str:
    """The instruction set of this machine; what the system calls it where edgekit has no name for it."""
    name = platform.machine()
    return INSTRUCTION_SETS.get(name, name)


def find_instruction_set(name: str) -> str:
    """The instruction set that `--for` names. Raises UsageError, with the list, for one that is none."""
    known = [one.name for one in ARCHITECTURES]
    chosen = name.strip().lower()
    if chosen not in known:
        raise UsageError(f"--for knows no instruction set {name}", f"It takes {', '.join(known)}.")
    return chosen
