"""Runs one worker: bounded in time and memory, confined, killed with its children, its log kept."""

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec import Struct

from edgekit.bundled import bundled_folder
from edgekit.devices.emulation import emulated_program, emulated_python
from edgekit.devices.remote_machine import AnyMachine, RemoteMachine
from edgekit.devices.remote_worker import run_remotely
from edgekit.errors import AbsentError, ConversionError, EdgekitError, OperatorError, UsageError, WorkerError
from edgekit.filesystem.full_disk import full_disk, nothing_left, says_full
from edgekit.toolchain.channel import Handed
from edgekit.toolchain.command import Cancelled, kill_group
from edgekit.toolchain.confinement import confinement
from edgekit.toolchain.crash import telling_line
from edgekit.toolchain.environment import Notify, ensure_environment
from edgekit.toolchain.left import DISTRUST, check_output, is_plain
from edgekit.toolchain.script import requirements_of
from edgekit.untrusted.json_document import check_depth
from edgekit.untrusted.values import short_integer

POLL_SECONDS = 0.02
MEMORY_POLL_SECONDS = 0.2
LARGEST_ANSWER_BYTES = 64 << 20
# OpenMP's threads spin while they wait for each other: quick alone, and a standstill beside other work, where the one
# that is waited for does not get its turn. GNU's and LLVM's libraries (ncnn and Paddle bring their own) read these.
PATIENT = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0", "KMP_BLOCKTIME": "0"}
TIMES = ("latency", "interleaved")
"""Options that ask a worker for times (`edgeworker.runner`)."""
# What a worker's refusal becomes, by its kind: the user's file or flag, a device that is not here; else the conversion.
REFUSALS: dict[str, type[EdgekitError]] = {"input": UsageError, "absent": AbsentError, "operators": OperatorError}


@dataclass(frozen=True)
class Limits:
    """What one worker may use: `seconds` of wall time, `memory_bytes` resident with children, `threads`, a `gpu`."""

    seconds: float = 900
    memory_bytes: int = 12 << 30
    threads: int = 2
    gpu: bool = False


@dataclass(frozen=True)
class WorkerResult:
    """What a worker left: its `details`, the versions of its `tools`, `seconds` of work, peak resident bytes."""

    details: dict[str, Any]
    tools: dict[str, str]
    seconds: float
    peak_memory_bytes: int


@dataclass
class Toolchain:
    """Starts workers with their environments in `cache`. `notify` is told in one line what takes long."""

    cache: Path
    notify: Notify = lambda _: None
    offline: bool = False

    def run(
        self,
        worker: str,
        inputs: Mapping[str, Path],
        output: Path,
        options: Mapping[str, Any],
        *,
        scratch: Path,
        limits: Limits | None = None,
        cancelled: threading.Event | None = None,
        python: Path | None = None,
        machine: AnyMachine | None = None,
        hosted: bool = False,
        channel: Handed | None = None,
        listen: Sequence[int] = (),
        timed: bool = False,
    ) -> WorkerResult:
        """Run `worker` (such as `lite/convert.py`) and return its result; files appear in `output`.

        `scratch` is an existing folder for the request, the result, temporary files and `worker.log`. `python` is
        an interpreter of the user's own, which takes the place of the environment that the worker asks for, and
        `machine` an emulated one that the worker runs on; a `hosted` one runs here, and gets what starts programs of
        that machine as its option `emulator`. On a device that is reached edgekit's runner takes the worker's place.
        Through a `channel` others speak with the worker while it runs, which needs the option `stream`, or `serve`. A
        server may `listen` on the TCP ports named. What is `timed`, or has an option of `TIMES`, does not leave the
        cores to others while it waits.
        Raises UsageError where the worker blames its input, ConversionError where it refuses, crashes, hangs or
        takes too much memory, AbsentError where its environment cannot be made or it misses a device, Cancelled.
        """
        if isinstance(machine, RemoteMachine):
            answer = run_remotely(
                machine, inputs, output, options, scratch=scratch, cache=self.cache, cancelled=cancelled
            )
            return WorkerResult(answer.details, answer.tools, answer.seconds, answer.peak_memory_bytes)
        limits = limits or Limits()
        script = bundled_folder("converters") / worker
        requirements = requirements_of(script)
        own = python is not None
        if machine is not None and hosted:
            started = emulated_program(machine, self.cache, self.notify, offline=self.offline, cancelled=cancelled)
            options = {**options, "emulator": started}
        if machine is not None and not hosted:
            command = emulated_python(
                machine, requirements, self.cache, self.notify, offline=self.offline, cancelled=cancelled
            )
        else:
            python = python or ensure_environment(
                requirements, self.cache, self.notify, offline=self.offline, cancelled=cancelled
            )
            command = [str(python)]
        request, answer = scratch / "request.json", scratch / "result.json"
        document = {
            # The worker runs in its scratch folder, where the user's relative paths mean nothing.
            "inputs": {role: str(path.absolute()) for role, path in inputs.items()},
            "output": str(output.absolute()),
            "options": dict(options),
        }
        request.write_text(json.dumps(document, indent=1), encoding="utf-8")
        log = scratch / "worker.log"
        tool = f"with {python}" if own else " ".join(requirements.tool)
        title = f"{worker.removesuffix('.py')} ({tool}{f' on {machine.name}' if machine else ''})"
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [*command, script, request, answer],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                cwd=scratch,
                env={
                    **worker_environment(scratch, limits.threads, own=own, timed=timed or any(map(options.get, TIMES))),
                    **confinement(
                        script, scratch, output, gpu=limits.gpu or requirements.needs is not None, listen=listen
                    ),
                },
                start_new_session=True,  # Ctrl-C reaches edgekit alone, which then ends the whole group
                pass_fds=channel.workers_ends if channel else (),
            )
            if channel is not None:
                channel.close_workers_ends()
            disk = DiskWatch(scratch)
            trouble = supervise(process, limits, cancelled, disk)
        try:
            result = read_result(title, process.returncode, trouble, answer, log)
            check_output(title, output, inputs.values())
            return result
        except EdgekitError as error:
            # Whatever the worker blamed: on a full disk nothing is what it seems, and nothing could be kept.
            if disk.look() or says_full(error.message):
                raise full_disk(scratch.parent, f"{title} could not write all of its output to") from error
            raise


def worker_environment(scratch: Path, threads: int, *, own: bool = False, timed: bool = False) -> dict[str, str]:
    """The variables of a worker: the shared library, bounded thread pools, temporary files in `scratch`.

    Where nothing is `timed`, threads that wait for others leave the cores to other programs. With `own`, an interpreter
    of the user's, its own search path stays behind the shared library's.
    """
    dropped = {"PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "PYTHONSTARTUP"}
    environment = {name: value for name, value in os.environ.items() if name not in dropped}
    environment.update(
        PYTHONPATH=str(bundled_folder("converters") / "lib"),
        PYTHONNOUSERSITE="1",
        PYTHONUNBUFFERED="1",
        EDGEKIT_PID=str(os.getpid()),  # see sitecustomize.py there
        TMPDIR=str(scratch),
        OMP_NUM_THREADS=str(threads),
        MKL_NUM_THREADS=str(threads),
        OPENBLAS_NUM_THREADS=str(threads),
    )
    if not timed:
        environment |= PATIENT
    if own:
        del environment["PYTHONNOUSERSITE"]
        environment["PYTHONPATH"] = os.pathsep.join(
            filter(None, (environment["PYTHONPATH"], os.environ.get("PYTHONPATH")))
        )
    return environment


@dataclass
class DiskWatch:
    """Whether a worker's disk was `full` at some time of its run: a tool that fails clears away what it wrote."""

    folder: Path
    full: bool = False

    def look(self) -> bool:
        """Look again; True from the first time on that nothing was left."""
        self.full = self.full or nothing_left(self.folder)
        return self.full


def supervise(
    process: subprocess.Popen[bytes], limits: Limits, cancelled: threading.Event | None, disk: DiskWatch
) -> str:
    """Wait for the end; kill the process group at a limit. Returns what the limit was, or an empty string."""
    deadline = time.monotonic() + limits.seconds
    next_look = 0.0
    trouble = ""
    try:
        while True:
            try:
                process.wait(POLL_SECONDS)
                return trouble
            except subprocess.TimeoutExpired:
                now = time.monotonic()
            disk.look()
            if cancelled is not None and cancelled.is_set():
                raise Cancelled
            if now > deadline:
                trouble = f"did not end within {limits.seconds:g} s and was stopped"
            elif now > next_look:
                next_look = now + MEMORY_POLL_SECONDS
                used = resident_bytes(process.pid)
                if used > limits.memory_bytes:
                    used_gib, bound_gib = used / 2**30, limits.memory_bytes / 2**30
                    trouble = (
                        f"used {used_gib:.1f} GiB of memory, over its bound of {bound_gib:.1f} GiB, and was stopped"
                    )
            if trouble:
                return trouble
    finally:
        kill_group(process)


def resident_bytes(pid: int) -> int:
    """Resident memory of a process and its children, in bytes; 0 once it is gone."""
    import psutil

    try:
        family = [(parent := psutil.Process(pid)), *parent.children(recursive=True)]
        return sum(member.memory_info().rss for member in family)
    except psutil.Error:
        return 0


def read_result(title: str, status: int, trouble: str, answer: Path, log: Path) -> WorkerResult:
    """The worker's result, or the one sentence that says why there is none."""
    remedy = f"Its log is {log}; --verbose shows it."
    if trouble:
        raise WorkerError(f"{title} {trouble}", remedy)
    if not is_plain(log):
        raise WorkerError(f"{title} put something else in the place of its log", DISTRUST)
    if not is_plain(answer):
        raise WorkerError(f"{title} {how_it_ended(status)}: {telling_line(log)}", remedy)
    said = read_answer(title, answer)
    if said.status != "ok":
        raise REFUSALS.get(said.kind, ConversionError)(said.message, said.remedy)
    return WorkerResult(said.details, said.tools, said.seconds, said.peak_memory_bytes)


class Answer(Struct, frozen=True):
    """What a worker writes (see `edgeworker.protocol.main`): its `details`, or why it refused."""

    status: str
    tools: dict[str, str]
    seconds: float
    peak_memory_bytes: int
    details: dict[str, Any] = {}
    message: str = ""
    remedy: str = ""
    kind: str = ""


def read_answer(title: str, answer: Path) -> Answer:
    """The worker's answer. Raises WorkerError for a file that is none: the worker may be in a stranger's hands."""
    import msgspec

    try:
        if answer.stat().st_size > LARGEST_ANSWER_BYTES:
            raise ValueError(f"it is larger than {LARGEST_ANSWER_BYTES >> 20} MiB")
        # Python's reader: workers write NaN and infinity, which JSON does not have.
        content = answer.read_bytes()
        check_depth(content)
        return msgspec.convert(json.loads(content.decode(), parse_int=short_integer), Answer)
    except (ValueError, RecursionError, msgspec.ValidationError) as error:
        raise WorkerError(f"{title} left a result that cannot be read: {error}", DISTRUST) from None


def how_it_ended(status: int) -> str:
    """An exit status in words."""
    if status >= 0:
        return f"ended with status {status} and no result"
    try:
        return f"crashed ({signal.Signals(-status).name})"
    except ValueError:
        return f"was ended by signal {-status}"
