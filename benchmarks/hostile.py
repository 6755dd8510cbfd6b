"""Throws changed documents, model folders and artifacts at edgekit, and counts what must not happen.

uv run --no-sync python benchmarks/hostile.py parsers --count 10000
uv run --no-sync python benchmarks/hostile.py folders --count 200
uv run --no-sync python benchmarks/hostile.py artifacts --count 200

`parsers` reads changed documents in this process; `folders` and `artifacts` go through the whole command line, each in
a process of its own: `convert FOLDER --verify` on changed Paddle inference models, `verify ARTIFACT` on changed
artifacts of ONNX, OpenVINO and ncnn. The same --seed makes the same changes. What goes wrong is kept in --keep.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from edgekit.cache import cache_folder
from edgekit.filesystem.hashing import file_sha256
from edgekit.toolchain.environment import ensure_environment
from edgekit.toolchain.script import requirements_of
from tests.untrusted.mutation import drawn, edited
from tests.untrusted.parsers import CONFIGURATIONS, parsers

HANG = 120.0  # seconds; ten on a machine of its own
BOUND = 1 << 30
"""Bytes of resident memory of edgekit's own process; workers have bounds of their own."""
FAULTS = ("tracebacks", "hangs", "executions", "over 1 GB", "wrong verdicts", "raw text")
MODELS = ("flattened", "halves")
TARGETS = {"onnx": (), "openvino": (".bin",), "ncnn": (".bin",)}
"""The targets of the artifacts, with the endings of files that hold float32 weights and nothing else."""


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


def try_parsers(count: int, chance: random.Random, keep: Path) -> Tally:
    """Changed documents through every parser, by turns."""
    tally, executed = Tally("parsers"), []
    watching = False

    def watch(event: str, _: object) -> None:
        if watching and event in ("os.system", "os.exec", "os.posix_spawn", "subprocess.Popen", "pickle.find_class"):
            executed.append(event)

    def late(*_: object) -> None:
        raise TimeoutError

    sys.addaudithook(watch)
    signal.signal(signal.SIGALRM, late)
    with tempfile.TemporaryDirectory() as scratch:
        known = list(parsers(Path(scratch)).items())
        for number in range(count):
            name, parser = known[number % len(known)]
            content = edited(chance.choice(parser.seeds), drawn(chance))
            started, watching = time.monotonic(), True
            signal.alarm(int(HANG))
            fault = ""
            try:
                sentence = parser.refused(content, Path(scratch))
                tally.outcomes[f"{name}: {'refused' if sentence else 'taken'}"] += 1
                if sentence and not sentence.isprintable():
                    fault = "raw text"
            except TimeoutError:
                fault = "hangs"
            except Exception:
                fault = "tracebacks"
            signal.alarm(0)
            watching = False
            fault = "executions" if executed else fault
            tally.slowest = max(tally.slowest, time.monotonic() - started)
            if fault:
                executed.clear()
                tally.faults[fault].append(number)
                keep.mkdir(parents=True, exist_ok=True)
                (keep / f"{number}-{Path(parser.name).name}").write_bytes(content)
    import resource

    tally.largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    return tally


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
    tally: Tally, count: int, keep: Path, make: Callable[[Path], tuple[list[str | Path], Callable[[Answer], bool]]]
) -> None:
    """Run `count` commands; `make` prepares a folder, and gives the arguments and what tells a wrong verdict."""
    with tempfile.TemporaryDirectory() as folder:
        for number in range(count):
            scratch = Path(folder, str(number))
            scratch.mkdir()
            arguments, is_wrong = make(scratch)
            answer = command(scratch, cache_folder(), *arguments)
            bad = count_answer(tally, number, answer, scratch, cache_folder())
            if is_wrong(answer):
                tally.faults["wrong verdicts"].append(number)
                bad = True
            if bad:
                shutil.copytree(scratch, keep / f"{tally.what}-{number}", symlinks=True, dirs_exist_ok=True)
            shutil.rmtree(scratch)
            if number % 20 == 19:
                print(f"{tally.what} {number + 1}", {k: len(v) for k, v in tally.faults.items() if v}, file=sys.stderr)


def small_models(folder: Path) -> list[Path]:
    """Two small classifiers that Paddle exported, each with a configuration beside it."""
    python = ensure_environment(requirements_of(ROOT / "converters" / "paddle" / "adopt.py"), cache_folder(), print)
    subprocess.run([python, ROOT / "tests" / "foreign_models.py", folder], check=True, capture_output=True)
    models = [folder / name for name in MODELS]
    said = (
        CONFIGURATIONS[0].replace(b"224", b"32").replace(b"256", b"36").replace(b"[cat, dog]", b"[a, b, c, d, e, f, g]")
    )
    for model in models:
        (model / "inference.yml").write_bytes(said)
    return models


def try_folders(count: int, chance: random.Random, keep: Path) -> Tally:
    """Changed model folders through `convert --verify`."""
    tally = Tally("folders")
    with tempfile.TemporaryDirectory() as made:
        models = small_models(Path(made))

        def make(scratch: Path) -> tuple[list[str | Path], Callable[[Answer], bool]]:
            folder = scratch / "model"
            shutil.copytree(chance.choice(models), folder)
            change_a_file(folder, chance.choice(sorted(folder.iterdir())), chance)
            return ["convert", folder, "-t", "onnx", "--verify", "--json", "--no-diagnose", "--out", "out"], disagrees

        rounds(tally, count, keep, make)
    return tally


def change_a_file(folder: Path, path: Path, chance: random.Random) -> None:
    """Change the bytes of a file, or make something else of it."""
    match chance.randrange(12):
        case 0:
            path.unlink()
            os.mkfifo(path)
        case 1:
            path.unlink()
            path.symlink_to(chance.choice(("/dev/zero", path.name, "/etc", "nowhere")))
        case 2:
            path.rename(folder / os.fsdecode(chance.choice((b"\xff.pdmodel", b"\x1b[2J.yml", b"[red].pdiparams"))))
        case _:
            path.write_bytes(edited(path.read_bytes(), drawn(chance)))


def disagrees(answer: Answer) -> bool:
    """Whether a status says something else than the verdicts beside it."""
    verdicts = statuses(answer)
    return (answer.status == 0) != (bool(verdicts) and set(verdicts) <= {"passed", "not run"})


def statuses(answer: Answer) -> list[str]:
    """The verdicts that were printed."""
    try:
        document: Any = json.loads(answer.out)
    except ValueError:
        return []
    return [check["verdict"]["status"] for check in document.get("checks") or []]


def try_artifacts(count: int, chance: random.Random, keep: Path) -> Tally:
    """Changed artifacts through `verify`: manifests, files, and files whose manifest is sealed again."""
    tally = Tally("artifacts")
    with tempfile.TemporaryDirectory() as made:
        model = small_models(Path(made))[1]
        out = Path(made, "out")
        whole = command(Path(made), cache_folder(), "convert", model, "-t", ",".join(TARGETS), "--verify", "--out", out)
        assert whole.status == 0, whole.err
        healthy = [out / model.name / target for target in TARGETS]

        def make(scratch: Path) -> tuple[list[str | Path], Callable[[Answer], bool]]:
            origin = chance.choice(healthy)
            folder = scratch / "out" / model.name / origin.name
            shutil.copytree(origin, folder)
            files = sorted(json.loads((folder / "manifest.json").read_text())["files"])
            weights = [name for name in files if name.endswith(TARGETS[origin.name])]
            match chance.randrange(3):
                case 0:
                    change_a_file(folder, folder / "manifest.json", chance)
                case 1:
                    change_a_file(folder, folder / chance.choice(files), chance)
                case _:
                    path = folder / chance.choice(weights or files)
                    path.write_bytes(edited(path.read_bytes(), drawn(chance)))
                    seal(folder)
            arguments: list[str | Path] = ["verify", folder, "--json", "--no-diagnose"]
            return arguments, lambda answer: is_passed_wrongly(answer, origin, folder, files)

        rounds(tally, count, keep, make)
    return tally


def seal(folder: Path) -> None:
    """Give a manifest the hashes that its files have now."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    for name, record in manifest["files"].items():
        record.update(sha256=file_sha256(folder / name), bytes=(folder / name).stat().st_size)
    path.write_text(json.dumps(manifest))


def is_passed_wrongly(answer: Answer, healthy: Path, folder: Path, files: list[str]) -> bool:
    """Whether what passed is not what it was: other bytes under the old seal, or other weights under a new one."""
    if answer.status != 0:
        return disagrees(answer)
    changed = [name for name in files if not same(healthy / name, folder / name)]
    sealed = {name: file_sha256(healthy / name) for name in files}
    try:
        said = json.loads((folder / "manifest.json").read_text())["files"]
        unsealed = any(said[name]["sha256"] == sealed[name] for name in changed)
    except (OSError, ValueError, KeyError):
        unsealed = True
    return bool(changed) and (unsealed or any(other_weights(healthy / name, folder / name) for name in changed))


def same(one: Path, other: Path) -> bool:
    """Whether two files have the same bytes."""
    return other.is_file() and one.read_bytes() == other.read_bytes()


def other_weights(one: Path, other: Path) -> bool:
    """Whether float32 values differ by more than roundings; a file of another kind may differ in what means nothing."""
    if one.suffix != ".bin":
        return False
    before, after = (
        np.frombuffer(path.read_bytes()[: path.stat().st_size // 4 * 4], np.float32) for path in (one, other)
    )
    if before.shape != after.shape:
        return True
    with np.errstate(all="ignore"):
        near = np.abs(before - after) <= 1e-5 * np.nanmax(np.abs(before))
    return not bool(np.all(near | (before.view(np.uint32) == after.view(np.uint32))))


def asked() -> Iterator[Tally]:
    """What the command line asks for."""
    asking = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    asking.add_argument("what", choices=("parsers", "folders", "artifacts"), nargs="+")
    asking.add_argument("--count", type=int, default=200)
    asking.add_argument("--seed", type=int, default=0)
    asking.add_argument("--keep", type=Path, default=Path("hostile"))
    chosen = asking.parse_args()
    for what in chosen.what:
        started = time.monotonic()
        tally = {"parsers": try_parsers, "folders": try_folders, "artifacts": try_artifacts}[what](
            chosen.count, random.Random(chosen.seed), chosen.keep
        )
        print(tally.table(time.monotonic() - started), flush=True)
        yield tally


if __name__ == "__main__":
    faults = [tally.what for tally in asked() if not tally.clean]
    sys.exit(int(bool(faults)))
