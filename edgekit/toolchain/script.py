"""A worker's head: the requirements that PEP 723 lets a script carry in its first comment block."""

import hashlib
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from msgspec import convert

from edgekit.toolchain.device import Need

# The reference expression of PEP 723.
BLOCK = re.compile(r"(?m)^# /// (?P<type>[a-zA-Z0-9-]+)$\s(?P<content>(^#(| .*)$\s)+)^# ///$")


@dataclass(frozen=True)
class Requirements:
    """What a worker needs: a Python, and distributions pinned as `name==version`, the tool itself first.

    `needs` is the device without which the tool is of no use, such as `nvidia-gpu`: `[tool.edgekit]` in the head.
    """

    python: str
    dependencies: tuple[str, ...]
    digest: str
    needs: Need | None = None

    @property
    def tool(self) -> tuple[str, str]:
        """The name and version of the toolchain that the worker is about: its first dependency."""
        name, _, version = self.dependencies[0].partition("==")
        return name.split("[")[0].strip(), version.strip()


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
    return Requirements(
        python=head["requires-python"],
        dependencies=dependencies,
        digest=hashlib.sha256(content.encode()).hexdigest(),
        needs=convert(head.get("tool", {}).get("edgekit", {}).get("needs"), Need | None),
    )
