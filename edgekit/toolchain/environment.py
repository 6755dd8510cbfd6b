"""Makes the environment that a worker asks for, once, and finds it again in microseconds.

`uv run --script` does the same job in a quarter of a second each time and makes one environment per script.
Here the workers of a toolchain share one, its byte code is compiled at installation (Paddle then starts in
1.3 s, not 3.3), and a warm start is one `stat`, which also makes it work without a network.
"""

import os
import shutil
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from edgekit.cache.lock import acquire, file_lock
from edgekit.cache.record import read_plain, write_plain
from edgekit.errors import AbsentError
from edgekit.filesystem.full_disk import full_disk, says_full
from edgekit.filesystem.writing import full_disk_reported
from edgekit.toolchain.command import Cancelled, run_command
from edgekit.toolchain.interpreter import find_interpreter, uv_program
from edgekit.toolchain.script import Requirements

MARKER = "edgekit-environment.json"
LOCK_POLL_SECONDS = 0.1
Notify = Callable[[str], None]


class Marker(Struct, frozen=True):
    """What a complete environment holds: the Python it was made from, and what was installed."""

    python: str
    dependencies: tuple[str, ...]


def environment_folder(requirements: Requirements, cache: Path) -> Path:
    """Where the environment of `requirements` lies, or will."""
    # Resolved: programs in an environment hold its path, which must outlive a link that led to the cache.
    return (cache / "environments").resolve() / f"{requirements.tool[0]}-{requirements.digest[:16]}"


def ready_python(requirements: Requirements, cache: Path) -> Path | None:
    """The environment's Python where it is complete, else None."""
    folder = environment_folder(requirements, cache)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    marker = read_plain(folder / MARKER, Marker)
    # A link to a Python that has since been removed does not exist either.
    whole = marker is not None and marker.dependencies == requirements.dependencies and python.exists()
    return python if whole else None


def ensure_environment(
    requirements: Requirements,
    cache: Path,
    notify: Notify,
    *,
    offline: bool = False,
    cancelled: threading.Event | None = None,
) -> Path:
    """The Python of the environment of `requirements`, made first where needed.

    Two processes that need the same one share the work. Raises AbsentError where a Python or the package
    index is out of reach, ConversionError where the disk is full, Cancelled once `cancelled` is set.
    """
    if python := ready_python(requirements, cache):
        return python
    folder = environment_folder(requirements, cache)
    with alone(folder.with_suffix(".lock"), cancelled), full_disk_reported(folder.parent):
        if python := ready_python(requirements, cache):
            return python
        name, version = requirements.tool
        interpreter = find_interpreter(requirements.python, f"{name} {version}", offline=offline, cancelled=cancelled)
        notify(f"installing {name} {version} (once)")
        clear_away(folder)
        venv = ["venv", "--no-project", "--quiet", "--python", str(interpreter), str(folder)]
        uv(venv, folder.parent, name, cancelled)
        python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        install = ["pip", "install", "--compile-bytecode", "--python", str(python), "-r", str(requirements.file)]
        log = uv([*install, *(["--offline"] if offline else [])], folder, f"{name} {version}", cancelled)
        (folder / "install.log").write_text(log, encoding="utf-8")
        # The last thing, and all at once: an environment without it is made anew.
        write_plain(folder / MARKER, Marker(str(interpreter), requirements.dependencies))
        return python


@contextmanager
def alone(path: Path, cancelled: threading.Event | None) -> Iterator[None]:
    """Hold the lock at `path`, which another process may have for minutes. Raises Cancelled."""
    lock = file_lock(path)
    if not acquire(lock, cancelled or threading.Event()):
        raise Cancelled
    try:
        yield
    finally:
        lock.release()


def clear_away(folder: Path) -> None:
    """Remove what an installation that was ended has left, and what earlier removals have."""
    if folder.exists():
        # In one step: what is left of it may be written to until the last of its programs has ended.
        folder.rename(folder.with_name(f".{folder.name}.old-{uuid.uuid4().hex[:8]}"))
    for stale in folder.parent.glob(f".{folder.name}.old-*"):
        shutil.rmtree(stale, ignore_errors=True)


def uv(arguments: list[str], folder: Path, what: str, cancelled: threading.Event | None = None) -> str:
    """Run uv in `folder` (so that no project's settings leak in); returns its log. Raises Cancelled."""
    answer = run_command([uv_program(), *arguments], folder, cancelled)
    if answer.returncode == 0:
        return answer.stderr
    lines = [line.strip(" ×╰─▶├│") for line in answer.stderr.splitlines() if line.strip()]
    reason = next((line for line in lines if "error" in line.lower()), lines[-1] if lines else "no message")
    if says_full(answer.stderr):
        raise full_disk(folder, f"{what} could not be installed into")
    raise AbsentError(
        f"{what} could not be installed: {reason}",
        "Check the network and the package index that uv and pip are set up for, and run again.",
    )
