"""Ends edgekit at random moments, by SIGKILL, SIGTERM and SIGINT, and counts what that does.

    uv run python benchmarks/kills.py --kills 100 --seed 0

It converts, verifies, runs a matrix and installs a toolchain, with MixNet_S and its bundled weights, in folders that
hold files of a user. A run is killed at a moment drawn evenly from the time that a whole one takes; one that ends
before that is no kill. After each kill:

- tracebacks: a Python traceback on stderr, or more than one line that says it was interrupted
- hangs: it did not end within two minutes of the signal
- statuses: SIGTERM and SIGINT gave something else than 130, unless Python had not come to edgekit by then
- orphans: a process that it started still runs
- lost files: a file of the user, or an artifact that was there before, is gone or is changed
- wrong verdicts: a manifest says something else of this healthy model than that it passed
- not healed: the next run, which nobody kills, fails, or leaves what the killed one had begun

Toolchains that are installed already are borrowed from edgekit's cache by links, but for one (ONNX's), which is
installed anew: no package is loaded that uv has in its own cache.
"""

import argparse
import contextlib
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
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from edgekit.artifact.load import find_artifacts, load_artifact, read_manifest
from edgekit.bundled import bundled_folder
from edgekit.cache import cache_folder
from edgekit.errors import EdgekitError
from edgekit.toolchain.environment import environment_folder
from edgekit.toolchain.script import read_requirements

MODEL = "MixNet_S"
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
HANG_SECONDS = 120
ORPHAN_SECONDS = 30
TIMEOUT_SECONDS = 900
ALL_STAGES = 0.25
START_SECONDS = 0.5
"""Python itself starts in a fraction of this: until then a signal finds nothing of edgekit's."""
FAULTS = ("tracebacks", "hangs", "statuses", "orphans", "lost files", "wrong verdicts", "not healed")
SHARES = {"convert": 0.3, "verify": 0.3, "matrix": 0.2, "install": 0.2}


@dataclass
class Playground:
    """A cache and an output folder of this benchmark's own, with files of a user between edgekit's."""

    root: Path
    user: dict[Path, bytes] = field(default_factory=dict)

    @property
    def cache(self) -> Path:
        """edgekit's cache."""
        return self.root / "cache"

    @property
    def out(self) -> Path:
        """Where artifacts go."""
        return self.root / "out"

    @property
    def matrix(self) -> Path:
        """Where the matrix goes."""
        return self.root / "matrix"

    def prepare(self) -> None:
        """Borrow the toolchains, and put the user's files where edgekit writes."""
        environments = self.cache / "environments"
        environments.mkdir(parents=True)
        for folder in (cache_folder() / "environments").iterdir():
            if folder.is_dir() and not folder.name.startswith("."):
                (environments / folder.name).symlink_to(folder.resolve())
        model = self.out / MODEL
        for path in (
            self.out / "report.txt",
            model / "notes.txt",
            model / ".onnx.swp",
            model / ".onnx.backup" / "thesis.txt",
            model / ".onnx.old-0123abcd" / "thesis.txt",
            model / "openvino" / "thesis.txt",
            self.matrix / "notes.txt",
            self.matrix / MODEL / ".onnx.backup" / "thesis.txt",
        ):
            path.parent.mkdir(parents=True, exist_ok=True)
            self.user[path] = f"of the user: {path.name}".encode()
            path.write_bytes(self.user[path])

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Run edgekit on the cache."""
        return subprocess.Popen(
            [sys.executable, "-m", "edgekit", *arguments],
            cwd=self.root,
            env={**os.environ, "EDGEKIT_CACHE": str(self.cache)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            # A shell's background job starts its children deaf to Ctrl-C.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def whole_run(self, *arguments: str) -> tuple[int, str, float]:
        """Run edgekit to its end; its status, what it said, and the seconds."""
        started = time.monotonic()
        process = self.start(*arguments)
        said = process.communicate(timeout=TIMEOUT_SECONDS)[1]
        return process.returncode, said, time.monotonic() - started

    def family(self) -> list[psutil.Process]:
        """Every process that works on this cache."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                ours = process.environ().get("EDGEKIT_CACHE") == str(self.cache)
                if ours and process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    def leftovers(self) -> list[Path]:
        """What a run has begun and not finished."""
        places = (self.out, self.matrix, self.cache / "stages", self.cache / "environments")
        mine = {parent for path in self.user for parent in (path, *path.parents)}
        return [
            path
            for place in places
            if place.exists()
            for pattern in (".*.edgekit-*", ".*.old-*", ".*.partial", f".*-{'[0-9a-f]' * 8}")
            for path in place.rglob(pattern)
            if path not in mine and not any(parent.is_symlink() for parent in path.parents)
        ]


@dataclass(frozen=True)
class Scenario:
    """A command to be killed, and the seconds that a whole run of it took last, by how much it had to do."""

    name: str
    command: tuple[str, ...]
    whole: dict[bool, float]


def scenario_commands(place: Playground) -> dict[str, tuple[str, ...]]:
    """What is run and killed."""
    model = (MODEL, "--weights", "demo", "--target", "onnx", "--out", str(place.out))
    matrix = ("--models", MODEL, "--weights", "demo", "--target", "onnx", "--no-latency", "--out", str(place.matrix))
    return {
        "convert": ("convert", *model),
        "verify": ("verify", "--no-diagnose", "--out", str(place.out), MODEL),
        "matrix": ("matrix", *matrix),
        "install": ("convert", *model),
    }


def forget(name: str, place: Playground, chance: random.Random, *, all_stages: bool) -> None:
    """Take back some of what earlier runs have made, so that this one has work; with `all_stages` the program too."""
    stages = place.cache / "stages"
    if name == "verify":
        made = {stage.key for folder in find_artifacts(place.out) for stage in read_manifest(folder).stages}
        for folder in stages.glob("*/*/*"):
            if folder.is_dir() and folder.name not in made:
                shutil.rmtree(folder)
        return
    if name == "install":
        folder = onnx_environment(place.cache)
        if folder.is_symlink():
            folder.unlink()
        if chance.random() < 0.5:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            (folder / "edgekit-environment.json").unlink(missing_ok=True)
    for folder in stages.glob("*" if all_stages else "onnx"):
        shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(place.matrix / "cells", ignore_errors=True)


def onnx_environment(cache: Path) -> Path:
    """The toolchain that is installed anew."""
    requirements = read_requirements(bundled_folder("converters") / "onnx" / "environment.py")
    return cache / "environments" / environment_folder(requirements, cache).name


def kill(scenario: Scenario, place: Playground, chance: random.Random) -> tuple[Counter[str], str]:
    """Run a scenario, kill it, and count what that did; what it said, where something is wrong."""
    all_stages = chance.random() < ALL_STAGES
    forget(scenario.name, place, chance, all_stages=all_stages)
    before = {folder: read_manifest(folder).files for folder in find_artifacts(place.out)}
    how, delay = chance.choice(SIGNALS), chance.uniform(0, scenario.whole[all_stages])
    started = time.monotonic()
    process = place.start(*scenario.command)
    found: Counter[str] = Counter()
    try:
        said = process.communicate(timeout=delay)[1]
        found["had ended"] += 1
        scenario.whole[all_stages] = time.monotonic() - started
    except subprocess.TimeoutExpired:
        process.send_signal(how)
        try:
            said = process.communicate(timeout=HANG_SECONDS)[1]
        except subprocess.TimeoutExpired:
            process.kill()
            said = process.communicate()[1]
            found["hangs"] += 1
        if how != signal.SIGKILL and process.returncode == 0:
            found["had ended"] += 1
        elif how != signal.SIGKILL and process.returncode == -how and delay < START_SECONDS and "edgekit: " not in said:
            found["not begun"] += 1
        elif how != signal.SIGKILL and process.returncode != 130:
            found["statuses"] += 1
    begun = "not begun" not in found
    found["tracebacks"] += begun and (
        "Traceback" in said or "Exception ignored" in said or said.count("interrupted") > 1
    )
    deadline = time.monotonic() + ORPHAN_SECONDS
    while (family := place.family()) and time.monotonic() < deadline:
        time.sleep(0.1)
    found["orphans"] += len(family)
    for orphan in family:
        with contextlib.suppress(psutil.Error):
            orphan.kill()
    found["lost files"] += sum(not path.is_file() or path.read_bytes() != was for path, was in place.user.items())
    for folder in before:
        try:
            load_artifact(folder)
        except EdgekitError:
            found["lost files"] += 1
    for folder in (*find_artifacts(place.out), *find_artifacts(place.matrix)):
        verdicts = [one.verdict.status for one in read_manifest(folder).verdicts]
        found["wrong verdicts"] += sum(status != "passed" for status in verdicts)
    return found, f"{how.name} after {delay:.2f} s, status {process.returncode}: {said[-2000:]}"


def benchmark(kills: int, seed: int, place: Playground) -> dict:
    """All scenarios; returns the counts of each."""
    chance = random.Random(seed)
    place.prepare()
    commands = scenario_commands(place)
    result: dict[str, dict] = {}
    for name, share in SHARES.items():
        status, said, whole = place.whole_run(*commands[name])
        assert status == 0, said
        if name == "install":
            forget(name, place, chance, all_stages=False)
            status, said, whole = place.whole_run(*commands[name])
            assert status == 0, said
        scenario, counts = Scenario(name, commands[name], {True: whole, False: whole}), Counter[str]()
        while counts["kills"] < round(kills * share):
            found, said = kill(scenario, place, chance)
            counts += found
            counts["kills"] += not found["had ended"]
            if any(found[fault] for fault in FAULTS) or found["not begun"]:
                print(f"{name} {counts['kills']}: {dict(found)}\n{said}", file=sys.stderr, flush=True)
        status, said, _ = place.whole_run(*commands[name])
        left = place.leftovers()
        if status != 0 or left:
            counts["not healed"] += 1
            print(f"{name}: status {status}, left {left}\n{said}", file=sys.stderr, flush=True)
        result[name] = {"whole_seconds": round(whole, 1), **{key: counts[key] for key in ("kills", *FAULTS)}}
        result[name] |= {key: counts[key] for key in ("had ended", "not begun")}
        print(f"{name}: {result[name]}", file=sys.stderr, flush=True)
    return result


def main() -> None:
    """Print the counts as JSON; status 1 where anything was wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="edgekit-kills-") as folder:
        result = benchmark(chosen.kills, chosen.seed, Playground(Path(folder).resolve()))
    print(json.dumps(result, indent=1))
    sys.exit(int(any(counts[fault] for counts in result.values() for fault in FAULTS)))


if __name__ == "__main__":
    main()
