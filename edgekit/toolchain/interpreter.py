"""Finds a Python that a worker's environment can be made from."""

import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from edgekit.errors import AbsentError
from edgekit.toolchain.command import run_command


def uv_program() -> str:
    """The uv that came with edgekit. Raises AbsentError where it is missing."""
    try:
        from uv import find_uv_bin

        return os.fsdecode(find_uv_bin())
    except (ImportError, FileNotFoundError):
        raise AbsentError(
            "uv, which makes the toolchains' environments, is not installed", "Run `pip install uv`."
        ) from None


def find_interpreter(
    wanted: str, needed_by: str, *, offline: bool = False, cancelled: threading.Event | None = None
) -> Path:
    """A Python that satisfies `wanted` (a PEP 440 specifier such as `==3.10.*`).

    Looks at the running Python, at what uv sees (PATH, its own installations), at pyenv's versions, and last
    lets uv download one. Raises AbsentError, with what to install, where none is found, Cancelled.
    """
    for candidate in (running_python(wanted), uv_find(wanted, cancelled=cancelled), *pyenv_pythons(wanted)):
        if candidate is not None:
            return candidate
    if not offline and (downloaded := uv_find(wanted, download=True, cancelled=cancelled)):
        return downloaded
    version = wanted.lstrip("=><~!").split(",")[0].removesuffix(".*")
    raise AbsentError(
        f"{needed_by} needs Python {wanted}, and none was found here nor could uv download one",
        f"Install it (`uv python install {version}`, pyenv, conda or your system's packages) and run again.",
    )


def running_python(wanted: str) -> Path | None:
    """The Python that edgekit itself runs on, where it satisfies `wanted`."""
    if not satisfies(".".join(map(str, sys.version_info[:3])), wanted):
        return None
    # The base interpreter: an environment made from another environment breaks when that one goes.
    return Path(getattr(sys, "_base_executable", sys.executable))


def uv_find(wanted: str, *, download: bool = False, cancelled: threading.Event | None = None) -> Path | None:
    """What `uv python find` answers, or None. Raises Cancelled."""
    command = [uv_program(), "python", "find", "--no-project", "--system"]
    command.append("--python-preference=system" if download else "--no-python-downloads")
    # Output is captured: uv warns of every pyenv shim that is not active.
    answer = run_command([*command, wanted], cancelled=cancelled)
    if answer.returncode == 0 and (path := Path(answer.stdout.strip())).exists():
        return path
    if download:
        version = wanted.lstrip("=><~!").split(",")[0].removesuffix(".*")
        installed = run_command([uv_program(), "python", "install", version], cancelled=cancelled)
        return uv_find(wanted, cancelled=cancelled) if installed.returncode == 0 else None
    return None


def pyenv_pythons(wanted: str) -> Iterator[Path]:
    """Versions that pyenv holds, also those that no `.python-version` makes visible here."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    if root.is_dir():
        for folder in sorted(root.iterdir(), reverse=True):
            python = folder / "bin" / "python"
            if satisfies(folder.name, wanted) and python.exists():
                yield python


def satisfies(version: str, wanted: str) -> bool:
    """Whether a version such as `3.10.13` is within a specifier; False for names that are no version."""
    from packaging.specifiers import SpecifierSet
    from packaging.version import InvalidVersion, Version

    try:
        return Version(version) in SpecifierSet(wanted)
    except InvalidVersion:
        return False
