"""The Python packages that a toolchain's runner needs, for another architecture: its own pinned versions."""

import hashlib
import json
import threading
from collections.abc import Callable
from pathlib import Path

from edgekit.devices.processors import Architecture
from edgekit.filesystem.writing import replace_folder, scratch_folder
from edgekit.toolchain.environment import alone, uv
from edgekit.toolchain.script import Requirements

MARKER = "edgekit-packages.json"


def ensure_packages(
    requirements: Requirements,
    architecture: Architecture,
    python: str,
    cache: Path,
    notify: Callable[[str], None],
    *,
    offline: bool = False,
    cancelled: threading.Event | None = None,
) -> Path:
    """A folder with the packages that run, of what `requirements` asks for, made first where needed.

    `python` is the version that imports them, such as `3.11`. Only built packages are taken: nothing is compiled, and
    nothing of theirs is executed here. Raises AbsentError where they are not to be had, Cancelled once `cancelled` is
    set.
    """
    folder = packages_folder(requirements, architecture, python, cache)
    if (folder / MARKER).exists():
        return folder
    name, version = requirements.runtime[0].split("==")
    with alone(folder.with_suffix(".lock"), cancelled):
        if (folder / MARKER).exists():
            return folder
        notify(f"installing {name} {version} for {architecture.name} (once)")
        with scratch_folder(folder) as scratch:
            made = scratch / "packages"
            made.mkdir()
            command = ["pip", "install", "--target", str(made), "--python-platform", architecture.platform]
            command += ["--python-version", python, "--only-binary", ":all:", "--no-deps", *requirements.runtime]
            command += ["--offline"] if offline else []
            uv(command, scratch, f"{name} {version} for {architecture.name}", cancelled)
            marker = {"packages": requirements.runtime}
            (made / MARKER).write_text(json.dumps(marker, indent=1), encoding="utf-8")
            replace_folder(made, folder)
        return folder


def packages_folder(requirements: Requirements, architecture: Architecture, python: str, cache: Path) -> Path:
    """Where they lie, or will; `MARKER` in it says that they are there."""
    what = [architecture.platform, python, *requirements.runtime]
    digest = hashlib.sha256("\n".join(what).encode()).hexdigest()[:16]
    name = requirements.tool[0] if not requirements.runtime else requirements.runtime[0].split("==")[0]
    return (cache / "devices").resolve() / architecture.name / "packages" / f"{name}-{digest}"
