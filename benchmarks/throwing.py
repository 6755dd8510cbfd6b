"""What benchmarks throw at edgekit, in processes of its own, and what is counted of it."""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "converters" / "lib")]

from edgekit.cache import cache_folder
from tests.untrusted.mutation import drawn, edited, revalued

HANG = 120.0  # seconds; ten on a machine of its own
BOUND = 1 << 30
"""Bytes of resident memory of edgekit's own process; workers have bounds of their own."""
FAULTS = ("tracebacks", "hangs", "executions", "over 1 GB", "wrong verdicts", "raw text")


@dataclass
class Tally:
    """What happened: how often each outcome, and each fault with the number of the first few runs that showed it."""

    what: str
    outcomes: Counter[str] = field(default_factory=Counter)
    faults: dict[str, list[int]] = field(default_factory=lambda: {name: [] for name in FAULTS})
    slowest: float = 0.0
    largest: int = 0

    def table(self, seconds: float) -> str:
        """The counts as lines of a table."""
        lines = [f"{self.what}: {self.outcomes.total()} runs in {seconds:.0f} s"]
        lines += [f"  {name:<28} {count}" for name, count in sorted(self.outcomes.items())]
        for name, runs in self.faults.items():
            lines.append(f"  {name:<28} {len(runs)}" + (f"  (runs {runs[:8]})" if runs else ""))
        lines.append(f"  slowest {self.slowest:.1f} s, largest {self.largest >> 20} MiB")
        return "\n".join(lines)

    @property
    def clean(self) -> bool:
        """Whether no fault was seen."""
        return not any(self.faults.values())


def changed(content: bytes, chance: random.Random) -> bytes:
    """A document with other bytes or, where it is JSON, as often with other values."""
    return revalued(content, chance) if chance.random() < 0.5 else edited(content, drawn(chance))


@dataclass(frozen=True)
class Answer:
    """What a command left: its status, what it printed, its seconds and its most resident bytes."""

    status: int
    out: str
    err: str
    seconds: float
    memory: int


def command(scratch: Path, cache: Path, *arguments: str | Path) -> Answer:
    """Run the command line in `scratch`; what hangs is killed with what it started."""
    out, err = scratch / "stdout", scratch / "stderr"
    started = time.monotonic()
    with out.open("wb") as stdout, err.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "edgekit", *map(str, arguments)],
            stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, cwd=scratch, start_new_session=True,
            env={**os.environ, "EDGEKIT_CACHE": str(cache), "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        killed = False
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() - started > HANG and not killed:
                os.killpg(process.pid, signal.SIGKILL)
                killed = True
            time.sleep(0.05)
    process.returncode = os.waitstatus_to_exitcode(status)
    said, told = (path.read_bytes().decode("utf-8", "surrogateescape") for path in (out, err))
    return Answer(process.returncode, said, told, time.monotonic() - started, usage.ru_maxrss << 10)


def count_answer(tally: Tally, number: int, answer: Answer, scratch: Path, cache: Path) -> bool:
    """Count one answer; returns whether a fault was seen."""
    tally.slowest, tally.largest = max(tally.slowest, answer.seconds), max(tally.largest, answer.memory)
    tally.outcomes[f"exit status {answer.status}"] += 1
    text = answer.out + answer.err
    executed = [path for folder in (scratch, cache / "stages") for path in folder.rglob("executed")]
    seen = {
        "tracebacks": "Traceback" in text or answer.status not in range(6),
        "hangs": answer.seconds > HANG,
        "executions": bool(executed),
        "over 1 GB": answer.memory > BOUND,
        "raw text": not all(character.isprintable() or character == "\n" for character in text),
    }
    for name, bad in seen.items():
        if bad:
            tally.faults[name].append(number)
    return any(seen.values())


def rounds(
    tally: Tally,
    count: int,
    keep: Path,
    make: Callable[[Path], tuple[list[str | Path], Callable[[Answer], bool]]],
    cache: Path | None = None,
) -> None:
    """Run `count` commands; `make` prepares a folder, and gives the arguments and what tells a wrong verdict.

    `cache` is edgekit's own where it is not said.
    """
    cache = cache or cache_folder()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(count):
            scratch = Path(folder, str(number))
            scratch.mkdir()
            arguments, is_wrong = make(scratch)
            answer = command(scratch, cache, *arguments)
            bad = count_answer(tally, number, answer, scratch, cache)
            if is_wrong(answer):
                tally.faults["wrong verdicts"].append(number)
                bad = True
            if bad:
                shutil.copytree(scratch, keep / f"{tally.what}-{number}", symlinks=True, dirs_exist_ok=True)
            shutil.rmtree(scratch)
            if number % 20 == 19:
                print(f"{tally.what} {number + 1}", {k: len(v) for k, v in tally.faults.items() if v}, file=sys.stderr)
