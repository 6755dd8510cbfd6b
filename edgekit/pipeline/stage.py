"""A stage: one run of one worker, and the key that says when an earlier run can stand for it."""

import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from edgekit.bundled import bundled_folder
from edgekit.devices.remote_machine import AnyMachine, RemoteMachine
from edgekit.filesystem.hashing import data_sha256, file_sha256
from edgekit.toolchain.worker import Limits

# Raised when the meaning of a stage's record changes, so that old caches are not misread.
FORMAT = 1


@dataclass(frozen=True)
class SourceFile:
    """A file or folder from outside the pipeline, with the hash of its content.

    `content` is the SHA-256 of the file's bytes, where `sha256` is that of what it was made from.
    """

    path: Path
    sha256: str
    content: str = ""

    def identity(self) -> Any:
        """What of it belongs in a key: its content, not its place."""
        return self.sha256


@dataclass(frozen=True)
class StageFile:
    """A file that an earlier stage makes; an empty `name` means the whole output folder."""

    stage: "Stage"
    name: str = ""

    def identity(self) -> Any:
        """What of it belongs in a key: how it is made. So all keys are known before anything runs."""
        return [self.stage.key, self.name]


@dataclass(frozen=True, eq=False)
class Stage:
    """One run of `worker` (such as `lite/convert.py`).

    `options` go to the worker as they are. Where the worker gives up on what it was given (ConversionError),
    `otherwise` is done in its place: another way to the same files, which costs nothing where this one works.
    `machine` is the emulated one that it runs on, None this one; one that is `hosted` runs here, and starts programs of
    that machine with what it is given as the option `emulator`. On a device that is reached edgekit's runner takes the
    worker's place (edgekit/devices/remote_worker.py). `about` names the model and the purpose for people.
    `cores` is how many it occupies; `alone` means that nothing runs beside it, since it is timed; `memory_bytes`
    estimates what it takes. None of these four is part of the key.
    """

    worker: str
    about: str
    inputs: Mapping[str, SourceFile | StageFile] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    cores: int = 1
    alone: bool = False
    memory_bytes: int = 0
    limits: Limits = field(default_factory=Limits)
    otherwise: "Stage | None" = None
    machine: AnyMachine | None = None
    hosted: bool = False

    @property
    def allowed(self) -> Limits:
        """Its limits, with the memory that is expected of it and a half more: the largest networks take more than the
        bound.
        """
        return replace(self.limits, memory_bytes=max(self.limits.memory_bytes, 3 * self.memory_bytes // 2))

    @property
    def name(self) -> str:
        """The worker without its suffix, such as `lite/convert`."""
        return self.worker.removesuffix(".py")

    @cached_property
    def key(self) -> str:
        """The hash of everything that decides the output: inputs, options, the worker's source and tools."""
        return data_sha256(
            {
                "format": FORMAT,
                "machine": platform.machine(),
                "worker": self.worker,
                "source": worker_source_digest(self.worker),
                "inputs": {role: value.identity() for role, value in self.inputs.items()},
                "options": dict(self.options),
                **({"otherwise": self.otherwise.key} if self.otherwise else {}),
                **({"emulated": self.machine.name} if self.machine else {}),
                **({"device": self.machine.title} if isinstance(self.machine, RemoteMachine) else {}),
                **({"hosted": True} if self.hosted else {}),
            }
        )

    def dependencies(self) -> Iterator["Stage"]:
        """The stages that must be done before this one."""
        for value in self.inputs.values():
            if isinstance(value, StageFile):
                yield value.stage


@cache
def worker_source_digest(worker: str) -> str:
    """The hash of a worker's folder and of the shared library.

    The environment with the pinned versions is in the folder, so new tools make new keys.
    """
    converters = bundled_folder("converters")
    script = converters / worker
    sources = [*script.parent.rglob("*.py"), *(converters / "lib").rglob("*.py")]
    return data_sha256({path.relative_to(converters).as_posix(): file_sha256(path) for path in sources})
