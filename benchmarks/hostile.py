"""Throws changed documents, model folders, artifacts and reports at edgekit, and counts what must not happen.

uv run --no-sync python benchmarks/hostile.py parsers --count 10000
uv run --no-sync python benchmarks/hostile.py folders --count 200
uv run --no-sync python benchmarks/hostile.py artifacts --count 200
uv run --no-sync python benchmarks/hostile.py reports --count 200

`parsers` reads changed documents in this process; the others go through the whole command line, each in a process of
its own: `convert FOLDER --verify` to any target on changed Paddle inference models, `verify ARTIFACT` on changed
artifacts of every target, in FP32 and INT8, and what machines and strangers send: `matrix merge`, `compare`, `verify
--from-device`, `evaluate merge`, `evaluate` of changed archives of photos, and of whole ones beside changed records.
The same --seed makes the same changes. What goes wrong is kept in --keep.
"""

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from hostile_reports import try_reports
from small_models import HALVES, small_models
from throwing import HANG, Answer, Tally, changed, command, rounds

from edgekit.cache import cache_folder
from edgekit.filesystem.hashing import file_sha256
from tests.untrusted.mutation import drawn, edited
from tests.untrusted.parsers import parsers
from tests.untrusted.stored import Values, places_of_values

TARGETS = ("onnx", "openvino", "ncnn", "lite", "mnn", "tflite", "paddle")
QUANTISED = ("onnx", "openvino", "ncnn", "tflite")
MANY_WEIGHTS = (".bin", ".pdiparams", ".mnn", ".tflite", ".nb", ".onnx")
"""The endings of the files of artifacts that are mostly weights."""


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
            content = changed(chance.choice(parser.seeds), chance)
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


def try_folders(count: int, chance: random.Random, keep: Path) -> Tally:
    """Changed model folders through `convert --verify`."""
    tally = Tally("folders")
    with tempfile.TemporaryDirectory() as made:
        models = list(small_models(Path(made)).values())

        def make(scratch: Path) -> tuple[list[str | Path], Callable[[Answer], bool]]:
            folder = scratch / "model"
            shutil.copytree(chance.choice(models), folder)
            change_a_file(folder, chance.choice(sorted(folder.iterdir())), chance)
            target = chance.choice(TARGETS)
            return ["convert", folder, "-t", target, "--verify", "--json", "--no-diagnose", "--out", "out"], disagrees

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
            path.write_bytes(changed(path.read_bytes(), chance))


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
        model = small_models(Path(made))[HALVES]
        out = Path(made, "out")
        healthy = converted(model, TARGETS, out) + converted(
            model, QUANTISED, out, "--precision", "int8", "--calibration", "bundled"
        )
        places = {one: places_of_values(one) for one in healthy}

        def make(scratch: Path) -> tuple[list[str | Path], Callable[[Answer], bool]]:
            origin = chance.choice(healthy)
            folder = scratch / "out" / model.name / origin.name
            shutil.copytree(origin, folder)
            files = sorted(json.loads((folder / "manifest.json").read_text())["files"])
            weights = [name for name in files if name.endswith(MANY_WEIGHTS)]
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
            return arguments, lambda answer: is_passed_wrongly(answer, places[origin], folder)

        rounds(tally, count, keep, make)
    return tally


def seal(folder: Path) -> None:
    """Give a manifest the hashes that its files have now."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    for name, record in manifest["files"].items():
        record.update(sha256=file_sha256(folder / name), bytes=(folder / name).stat().st_size)
    path.write_text(json.dumps(manifest))


def converted(model: Path, targets: tuple[str, ...], out: Path, *flags: str) -> list[Path]:
    """Healthy artifacts, in their folders: those that pass, which not every one of so small a network does in INT8."""
    flags = ("-t", ",".join(targets), "--verify", "--json", "--no-diagnose", "--out", str(out), *flags)
    done = command(out.parent, cache_folder(), "convert", model, *flags)
    assert done.status in (0, 1), done.err
    checks = json.loads(done.out)["checks"]
    return list(dict.fromkeys(Path(one["artifact"]) for one in checks if one["verdict"]["status"] == "passed"))


def is_passed_wrongly(answer: Answer, healthy: Sequence[Values], folder: Path) -> bool:
    """Whether what passed is not what it was: other bytes under the old seal, or other weights under a new one."""
    if answer.status != 0:
        return disagrees(answer)
    try:
        sealed = json.loads((folder / "manifest.json").read_text())["files"]
    except (OSError, ValueError, KeyError):
        return True
    for name in sealed:
        if file_sha256(folder / name) != sealed[name]["sha256"]:
            return True
    return any(one.differ(folder) for one in healthy)


TRIES = {"parsers": try_parsers, "folders": try_folders, "artifacts": try_artifacts, "reports": try_reports}


def asked() -> Iterator[Tally]:
    """What the command line asks for."""
    asking = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    asking.add_argument("what", choices=tuple(TRIES), nargs="+")
    asking.add_argument("--count", type=int, default=200)
    asking.add_argument("--seed", type=int, default=0)
    asking.add_argument("--keep", type=Path, default=Path("hostile"))
    chosen = asking.parse_args()
    for what in chosen.what:
        started = time.monotonic()
        tally = TRIES[what](chosen.count, random.Random(chosen.seed), chosen.keep)
        print(tally.table(time.monotonic() - started), flush=True)
        yield tally


if __name__ == "__main__":
    faults = [tally.what for tally in asked() if not tally.clean]
    sys.exit(int(bool(faults)))
