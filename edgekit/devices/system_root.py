"""The files that programs of another architecture need from their system: a C library and a Python, from Debian."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from edgekit.devices.processors import Architecture
from edgekit.errors import AbsentError, ConversionError
from edgekit.filesystem.writing import full_disk_reported, replace_folder, scratch_folder

# What the packages of the runtimes link against, and the Python that runs edgekit's own runners.
PACKAGES = ("python3", "libstdc++6", "libgomp1")
MARKER = "edgekit-system.json"
SECONDS = 600


def system_folder(architecture: Architecture, cache: Path) -> Path:
    """Where the system's files lie, or will."""
    return (cache / "devices").resolve() / architecture.name / "system"


def ready_system(architecture: Architecture, cache: Path) -> Path | None:
    """The folder with the system's files where it is complete, else None."""
    folder = system_folder(architecture, cache)
    return folder if (folder / MARKER).exists() else None


def ensure_system(
    architecture: Architecture, cache: Path, notify: Callable[[str], None], *, offline: bool = False
) -> Path:
    """The folder with the system's files, made first where needed: about 100 MB.

    apt downloads the packages with settings and lists of its own, and they are only unpacked: this machine's packages
    stay as they are, no script of theirs runs, and no rights are needed. Raises AbsentError where there is no apt or
    no package to be had, ConversionError where the disk is full.
    """
    if found := ready_system(architecture, cache):
        return found
    from filelock import FileLock

    folder = system_folder(architecture, cache)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_suffix(".lock")):
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
            packages = download(architecture, scratch / "apt")
            with full_disk_reported(folder.parent):
                for package in packages:
                    unpack(package, scratch / "root")
            marker = {"packages": [package.name for package in packages]}
            (scratch / "root" / MARKER).write_text(json.dumps(marker, indent=1), encoding="utf-8")
            replace_folder(scratch / "root", folder)
        return folder


def download(architecture: Architecture, folder: Path) -> list[Path]:
    """The packages and all that they depend on, as files below `folder`, checked against the archive's signatures."""
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
    }
    settings = [word for name, value in own.items() for word in ("-o", f"{name}={value}")]
    ask(["apt-get", *settings, "-qq", "update"], architecture)
    wanted = ["install", "--download-only", "--no-install-recommends", *PACKAGES]
    ask(["apt-get", *settings, "-qq", "-y", *wanted], architecture)
    return sorted((folder / "cache" / "archives").glob("*.deb"))


def unpack(package: Path, folder: Path) -> None:
    """Put a package's files below `folder`."""
    answer = subprocess.run(["dpkg-deb", "-x", package, folder], capture_output=True, text=True, check=False)
    if answer.returncode:
        last = (answer.stderr.strip().splitlines() or ["no message"])[-1]
        if "No space left" in answer.stderr:
            raise OSError(last)
        raise ConversionError(f"{package.name} could not be unpacked: {last}")


def ask(command: list[str], architecture: Architecture) -> None:
    """Run apt. Raises AbsentError with its last words where it fails."""
    try:
        answer = subprocess.run(
            command, capture_output=True, text=True, timeout=SECONDS, check=False, stdin=subprocess.DEVNULL
        )
        said = (answer.stderr.strip().splitlines() or ["no message"])[-1]
        failed = answer.returncode != 0
    except subprocess.TimeoutExpired:
        said, failed = f"no end within {SECONDS} s", True
    if failed:
        raise AbsentError(
            f"Debian's packages for {architecture.debian} could not be had: {said}",
            "Check the network, and that this machine's package sources hold that architecture.",
        )
