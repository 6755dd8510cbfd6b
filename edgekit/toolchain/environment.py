"""Makes the environment that a worker asks for, once, and finds it again in microseconds.

`uv run --script` does the same job in a quarter of a second each time and makes one environment per script.
Here the workers of a toolchain share one, its byte code is compiled at installation (Paddle then starts in
1.3 s, not 3.3), and a warm start is one `stat`, which also makes it work without a network.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from edgekit.errors import AbsentError, ConversionError
from edgekit.toolchain.interpreter import find_interpreter, uv_program
from edgekit.toolchain.script import Requirements

MARKER = "edgekit-environment.json"
Notify = Callable[[str], None]


def environment_folder(requirements: Requirements, cache: Path) -> Path:
    """Where the environment of `requirements` lies, or will."""
    # Resolved: programs in an environment hold its path, which must outlive a link that led to the cache.
    return (cache / "environments").resolve() / f"{requirements.tool[0]}-{requirements.digest[:16]}"


def ready_python(requirements: Requirements, cache: Path) -> Path | None:
    """The environment's Python where it is complete, else None."""
    folder = environment_folder(requirements, cache)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    # A link to a Python that has since been removed does not exist either.
    return python if (folder / MARKER).exists() and python.exists() else None


def ensure_environment(requirements: Requirements, cache: Path, notify: Notify, *, offline: bool = False) -> Path:
    """The Python of the environment of `requirements`, made first where needed.

    Two processes that need the same one share the work. Raises AbsentError where a Python or the package
    index is out of reach, ConversionError where the disk is full.
    """
    if python := ready_python(requirements, cache):
        return python
    from filelock import FileLock

    folder = environment_folder(requirements, cache)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_suffix(".lock")):
        if python := ready_python(requirements, cache):
            return python
        name, version = requirements.tool
        interpreter = find_interpreter(requirements.python, f"{name} {version}", offline=offline)
        notify(f"installing {name} {version} (once)")
        shutil.rmtree(folder, ignore_errors=True)
        uv(["venv", "--no-project", "--quiet", "--python", str(interpreter), str(folder)], folder.parent, name)
        python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        install = ["pip", "install", "--compile-bytecode", "--python", str(python), "-r", str(requirements.file)]
        log = uv([*install, *(["--offline"] if offline else [])], folder, f"{name} {version}")
        (folder / "install.log").write_text(log, encoding="utf-8")
        marker = {"python": str(interpreter), "dependencies": requirements.dependencies}
        (folder / MARKER).write_text(json.dumps(marker, indent=1), encoding="utf-8")
        return python


def uv(arguments: list[str], folder: Path, what: str) -> str:
    """Run uv in `folder` (so that no project's settings leak in); returns its log."""
    answer = subprocess.run([uv_program(), *arguments], cwd=folder, capture_output=True, text=True, check=False)
    if answer.returncode == 0:
        return answer.stderr
    lines = [line.strip(" ×╰─▶├│") for line in answer.stderr.splitlines() if line.strip()]
    reason = next((line for line in lines if "error" in line.lower()), lines[-1] if lines else "no message")
    if "os error 28" in answer.stderr or "No space left" in answer.stderr:
        raise ConversionError(
            f"the disk is full: {what} could not be installed into {folder}",
            "Free some space, or point EDGEKIT_CACHE at another disk.",
        )
    raise AbsentError(
        f"{what} could not be installed: {reason}",
        "Check the network and the package index that uv and pip are set up for, and run again.",
    )
