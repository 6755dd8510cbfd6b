"""A worker's requirements, as PEP 723 writes them into a script's first comment block.

They stand once a toolchain: in the head of the `environment.py` that all workers of a folder share.
"""

import hashlib
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from msgspec import convert

from edgekit.toolchain.device import Need

# The reference expression of PEP 723.
BLOCK = re.compile(r"(?m)^# /// (?P<type>[a-zA-Z0-9-]+)$\s(?P<content>(^#(| .*)$\s)+)^# ///$")

OWN_TABLE = re.compile(r"(?m)^\[tool\.edgekit\]\n(?:(?!\[).*\n)*")


@dataclass(frozen=True)
class Requirements:
    """What a worker needs: a Python, and distributions pinned as `name==version`, the tool itself first.

    `file` holds them, in its head. `needs` is the device without which the tool is of no use, such as `nvidia-gpu`,
    `workers` those that an environment beside the folder's usual one is for, and `runtime` those of the dependencies
    that its runner alone needs, the runtime itself first: all three from `[tool.edgekit]` in the head.
    """

    file: Path
    python: str
    dependencies: tuple[str, ...]
    digest: str
    needs: Need | None = None
    workers: tuple[str, ...] = ()
    runtime: tuple[str, ...] = ()

    @property
    def tool(self) -> tuple[str, str]:
        """The name and version of the toolchain that the worker is about: its first dependency."""
        name, _, version = self.dependencies[0].partition("==")
        return name.split("[")[0].strip(), version.strip()


def requirements_of(worker: Path) -> Requirements:
    """What the script `worker` runs in: its own head, or that of the environment in its folder.

    That is the `environment_*.py` which lists it, else `environment.py`. Raises ValueError where there is none.
    """
    if "# /// script" in worker.read_text(encoding="utf-8"):
        return read_requirements(worker)
    for file in sorted(worker.parent.glob("environment_*.py")):
        if worker.name in (special := read_requirements(file)).workers:
            return special
    usual = worker.with_name("environment.py")
    if not usual.exists():
        raise ValueError(f"{worker} has no head of its own, and no {usual.name} beside it")
    return read_requirements(usual)


def read_requirements(script: Path) -> Requirements:
    """The head of `script`. Raises ValueError where there is none, or a dependency is not pinned exactly."""
    found = [match for match in BLOCK.finditer(script.read_text(encoding="utf-8")) if match.group("type") == "script"]
    if len(found) != 1:
        raise ValueError(f"{script} has {len(found)} script heads, not one")
    content = "".join(
        line[2:] if line.startswith("# ") else line[1:] for line in found[0].group("content").splitlines(keepends=True)
    )
    head = tomllib.loads(content)
    dependencies = tuple(head["dependencies"])
    for dependency in dependencies:
        if "==" not in dependency:
            raise ValueError(f"{script} does not pin {dependency} exactly")
    own = head.get("tool", {}).get("edgekit", {})
    # What edgekit says of the environment for itself changes nothing of what is installed.
    installed = OWN_TABLE.sub("", content).rstrip("\n") + "\n"
    return Requirements(
        file=script,
        python=head["requires-python"],
        dependencies=dependencies,
        digest=hashlib.sha256(installed.encode()).hexdigest(),
        needs=convert(own.get("needs"), Need | None),
        workers=tuple(own.get("workers", ())),
        runtime=tuple(pin for name in own.get("runtime", ()) for pin in dependencies if pin.startswith(f"{name}==")),
    )
