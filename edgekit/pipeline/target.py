"""The targets: one folder under `converters/` each, described by its `target.toml`."""

import difflib
import tomllib
from functools import cache
from pathlib import Path

from msgspec import Struct, convert

from edgekit.bundled import bundled_folder
from edgekit.errors import UsageError


class Variant(Struct, frozen=True, forbid_unknown_fields=True):
    """One way to check a target's files: `worker` runs them, or inspects them where `not_run` says why not.

    `inputs` maps the worker's roles to the converter's file names. `name` is empty where there is only one.
    """

    name: str
    worker: str
    inputs: dict[str, str]
    not_run: str | None = None


class Description(Struct, frozen=True, forbid_unknown_fields=True):
    """What a `target.toml` says.

    `source` is what the converter reads: `program`, or the name of another target. `files` maps the
    converter's file names to those in an artifact, where `{model}` stands for the model's name.
    """

    title: str
    summary: str
    source: str
    files: dict[str, str]
    variants: tuple[Variant, ...]


class Target(Struct, frozen=True):
    """A target by name, with its description."""

    name: str
    description: Description

    def worker(self, script: str) -> str:
        """A script of this target as the toolchain names it, such as `lite/run.py`."""
        return f"{self.name}/{script}"

    def artifact_file(self, file: str, model: str) -> str:
        """The name in an artifact of a file that the converter calls `file`."""
        return self.description.files[file].format(model=model)


@cache
def targets() -> dict[str, Target]:
    """All targets by name, in alphabetical order."""
    found = sorted(bundled_folder("converters").glob("*/target.toml"))
    return {path.parent.name: Target(path.parent.name, describe(path)) for path in found}


def describe(path: Path) -> Description:
    """Read one `target.toml`."""
    return convert(tomllib.loads(path.read_text(encoding="utf-8")), Description)


def select_targets(names: str) -> list[Target]:
    """The targets of a comma-separated list, or `all`. Raises UsageError, with near names, for an unknown one."""
    known = targets()
    wanted = [name.strip().lower() for name in names.split(",") if name.strip()]
    if not wanted:
        raise UsageError("no target is named", f"Targets are {', '.join(known)}, and all.")
    if "all" in wanted:
        return list(known.values())
    for name in wanted:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=2, cutoff=0.5)
            hint = f"Did you mean {' or '.join(near)}? " if near else ""
            raise UsageError(f"there is no target {name}", f"{hint}Targets are {', '.join(known)}, and all.")
    return [known[name] for name in dict.fromkeys(wanted)]
