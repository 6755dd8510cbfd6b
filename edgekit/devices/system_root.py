"""The files that programs of another architecture need from their system: a C library and a Python, from Debian."""

import json
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

from edgekit.devices.processors import Architecture
from edgekit.errors import AbsentError, ConversionError
from edgekit.filesystem.full_disk import full_disk, says_full
from edgekit.filesystem.writing import replace_folder, scratch_folder
from edgekit.toolchain.command import run_command
from edgekit.toolchain.environment import alone

# What the packages of the runtimes link against, and the Python that runs edgekit's own runners.
PACKAGES = ("python3", "libstdc++6", "libgomp1")
MARKER = "edgekit-system.json"


def system_folder(architecture: Architecture, cache: Path) -> Path:
    """Where the system's files lie, or will."""
    return (cache / "devices").resolve() / architecture.name / "system"


def ready_system(architecture: Architecture, cache: Path) -> Path | None:
    """The folder with the system's files where it is complete, else None."""
    folder = system_folder(architecture, cache)
    return folder if (folder / MARKER).exists() else None


def ensure_system(
    architecture: Architecture,
    cache: Path,
    notify: Callable[[str], None],
    *,
    offline: bool = False,
    cancelled: threading.Event | None = None,
) -> Path:
    """The folder with the system's files, made first where needed: about 100 MB.

    apt downloads the packages with settings and lists of its own, and they are only unpacked: this machine's packages
    stay as they are, no script of theirs runs, and no rights are needed. Raises AbsentError where there is no apt or
    no package to be had, ConversionError where the disk is full, Cancelled once `cancelled` is set.
    """
    if found := ready_system(architecture, cache):
        return found
    folder = system_folder(architecture, cache)
    with alone(folder.with_suffix(".lock"), cancelled):
        if found := ready_system(architecture, cache):
            return found
        if offline:
            raise AbsentError(
                f"the system files of {architecture.name} are not here, and --offline forbids fetching them",
                f"Run `edgekit device setup {architecture.name}` with a network once.",
            )
        for program in ("apt-get", "dpkg-deb"):
            if shutil.which(program) is None:
                raise AbsentError(
                    f"the system files of {architecture.name} come from Debian's packages, and {program} is not here",
                    "Use a machine or a container with Debian, or run the artifact on a device.",
                )
        notify(f"fetching the system files of {architecture.name} (once)")
        with scratch_folder(folder) as scratch:
            packages = download(architecture, scratch / "apt", cancelled)
            for package in packages:
                unpack(package, scratch / "root", cancelled)
            marker = {"packages": [package.name for package in packages]}
            (scratch / "root" / MARKER).write_text(json.dumps(marker, indent=1), encoding="utf-8")
            replace_folder(scratch / "root", folder)
        return folder


def download(architecture: Architecture, folder: Path, cancelled: threading.Event | None = None) -> list[Path]:
    """The packages and all that they depend on, as files below `folder`, checked against the archive's signatures."""
    settings = private_apt(folder, architecture)
    behind: AbsentError | None = None
    try:
        ask(["apt-get", *settings, "-qq", "update"], folder, architecture, cancelled)
    except AbsentError as error:
        # A mirror may be between two states with one of several lists: the others may do.
        behind = error
    packages = (*PACKAGES, *architecture.from_debian.values())
    wanted = ["install", "--download-only", "--no-install-recommends", *packages]
    try:
        ask(["apt-get", *settings, "-qq", "-y", *wanted], folder, architecture, cancelled)
    except AbsentError as error:
        raise (behind or error) from error
    return sorted((folder / "cache" / "archives").glob("*.deb"))


def private_apt(folder: Path, architecture: Architecture) -> list[str]:
    """Arguments by which apt keeps all that it knows of an architecture below `folder`, which is made ready for it."""
    for name in ("lists/partial", "cache/archives/partial", "state"):
        (folder / name).mkdir(parents=True)
    (folder / "status").touch()  # nothing is installed there
    own = {
        "APT::Architecture": architecture.debian,
        "APT::Architectures": architecture.debian,
        "Dir::State": folder / "state",
        "Dir::State::Lists": folder / "lists",
        "Dir::State::status": folder / "status",
        "Dir::Cache": folder / "cache",
        "APT::Sandbox::User": "",
        # A server that does not answer is given up after a while.
        "Acquire::http::Timeout": 30,
        "Acquire::https::Timeout": 30,
    }
    return [word for name, value in own.items() for word in ("-o", f"{name}={value}")]


def unpack(package: Path, folder: Path, cancelled: threading.Event | None = None) -> None:
    """Put a package's files below `folder`."""
    answer = run_command(["dpkg-deb", "-x", package, folder], cancelled=cancelled)
    if answer.returncode:
        if says_full(answer.stderr):
            raise full_disk(folder)
        raise ConversionError(f"{package.name} could not be unpacked: {last_words(answer.stderr)}")


def ask(command: list[str], folder: Path, architecture: Architecture, cancelled: threading.Event | None = None) -> None:
    """Run apt, which writes into `folder`. Raises AbsentError with its last words where it fails."""
    answer = run_command(command, cancelled=cancelled)
    if answer.returncode == 0:
        return
    if says_full(answer.stderr):
        raise full_disk(folder)
    raise AbsentError(
        f"Debian's packages for {architecture.debian} could not be had: {last_words(answer.stderr)}",
        "Check the network, and that this machine's package sources hold that architecture.",
    )


def last_words(text: str) -> str:
    """The last line of what a program said."""
    return (text.strip().splitlines() or ["no message"])[-1]
