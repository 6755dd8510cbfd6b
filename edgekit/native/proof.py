"""A package's own self-test, run before the package is handed out."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgekit.errors import AbsentError, ConversionError, UnprovedError
from edgekit.filesystem.scratch import working_folder
from edgekit.native.architectures import Architecture
from edgekit.pipeline.execute import Executor
from edgekit.toolchain.worker import Limits

WORKER = "native/prove.py"
# Two samples of the largest networks take minutes in an emulator.
SECONDS = 1800
LIMITS = Limits(seconds=SECONDS + 60, memory_bytes=8 << 30)


@dataclass(frozen=True)
class Proof:
    """What a self-test found: where it ran, in words, and the program's own document."""

    where: str
    document: dict[str, Any]


def launcher(architecture: Architecture, precision: str) -> list[str]:
    """What starts the architecture's programs here; nothing where this machine does.

    Raises AbsentError, with what to install, where it is not here.
    """
    if architecture.is_host:
        return []
    found = shutil.which(architecture.emulator)
    if found is None:
        raise AbsentError(
            f"a package for {architecture.title} is proved with {architecture.emulator}, which is not here",
            f"Install it: `apt-get install {architecture.emulator_package}`.",
        )
    processor = architecture.processors.get(precision)
    return [found] if processor is None else [found, "-cpu", processor]


def where_proved(architecture: Architecture, precision: str) -> str:
    """In words, what `launcher` starts it on."""
    if architecture.is_host:
        return "this machine"
    processor = architecture.processors.get(precision)
    return architecture.emulator if processor is None else f"emulated {processor}"


def prove(package: Path, arguments: list[str], architecture: Architecture, precision: str, executor: Executor) -> Proof:
    """Run the self-test of the package in a folder; `arguments` are those of its program.

    Raises UnprovedError where it finds a difference, ConversionError where the program refuses, crashes or hangs,
    AbsentError where nothing here can run it.
    """
    toolchain = executor.toolchain
    options = {
        "command": launcher(architecture, precision),
        "executable": architecture.executable,
        "arguments": arguments,
        "seconds": SECONDS,
    }
    with working_folder(toolchain.cache) as scratch:
        (output := scratch / "output").mkdir()
        found = toolchain.run(WORKER, {"package": package}, output, options, scratch=scratch, limits=LIMITS).details
    return judged(found, where_proved(architecture, precision))


def judged(found: dict[str, Any], where: str) -> Proof:
    """The proof that an answer of the worker is. Raises what `prove` raises."""
    status, document = found["status"], found["document"]
    if status == 0 and isinstance(document, dict):
        return Proof(where, document)
    if status == 1:
        raise UnprovedError(
            f"the package failed its self-test on {where}, and is not handed out: {failed_stage(document)}",
            "Run `edgekit verify` on the artifact, and `edgekit diagnose` where that fails too.",
        )
    said = document.get("error") if isinstance(document, dict) else None
    reason = said or f"it ended with status {status}: {(found['said'].strip().splitlines() or ['no message'])[-1]}"
    raise ConversionError(f"the package's program did not test itself on {where}: {reason}")


def failed_stage(document: Any) -> str:
    """Which stage of the self-test found a difference, in words."""
    stages = document.get("stages", []) if isinstance(document, dict) else []
    failed = [one for one in stages if isinstance(one, dict) and one.get("status") == "failed"]
    if not failed:
        return "its answer is wrong"
    return f"{failed[0].get('stage')} ({failed[0].get('figure')}, at most {failed[0].get('limit')})"
