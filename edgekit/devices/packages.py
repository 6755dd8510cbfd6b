"""The Python packages that a toolchain's runner needs, for another architecture: its own pinned versions."""

import hashlib
import json
import threading
from collections.abc import Callable
from pathlib import Path

from edgekit.devices.processors import Architecture
from edgekit.errors import AbsentError
from edgekit.filesystem.writing import replace_folder, scratch_folder
from edgekit.toolchain.environment import alone, uv
from edgekit.toolchain.script import Requirements

MARKER = "edgekit-packages.json"
PIP = "pip@25.3"


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
            pins = architecture.fetched(requirements.runtime)
            command = installation(architecture, python, made)
            command += ["--only-binary", ":all:", "--no-deps", *pins]
            if offline and architecture.by_pip:
                raise AbsentError(
                    f"{name} {version} for {architecture.name} is not here, and --offline forbids fetching it",
                    f"Run `edgekit device setup {architecture.name}` with a network once.",
                )
            command += ["--offline"] if offline else []
            uv(command, scratch, f"{name} {version} for {architecture.name}", cancelled)
            marker = {"packages": pins}
            (made / MARKER).write_text(json.dumps(marker, indent=1), encoding="utf-8")
            replace_folder(made, folder)
        return folder


def installation(architecture: Architecture, python: str, folder: Path) -> list[str]:
    """What uv is to do for packages of another architecture to lie in `folder`, without their names."""
    target = ["install", "--target", str(folder), "--python-version", python]
    if not architecture.by_pip:
        return ["pip", *target, "--python-platform", architecture.platforms[0]]
    platforms = [word for one in architecture.platforms for word in ("--platform", one)]
    # pip has no built packages of its own here: uv fetches it for the one call.
    return ["tool", "run", PIP, *target, "--implementation", "cp", "--disable-pip-version-check", *platforms]


def packages_folder(requirements: Requirements, architecture: Architecture, python: str, cache: Path) -> Path:
    """Where they lie, or will; `MARKER` in it says that they are there."""
    what = [*architecture.platforms, python, *architecture.fetched(requirements.runtime)]
    digest = hashlib.sha256("\n".join(what).encode()).hexdigest()[:16]
    name = requirements.tool[0] if not requirements.runtime else requirements.runtime[0].split("==")[0]
    return (cache / "devices").resolve() / architecture.name / "packages" / f"{name}-{digest}"
