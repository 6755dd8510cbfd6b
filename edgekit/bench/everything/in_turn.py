"""Artifacts of several runtimes timed in turn: each in a process of its own that stays, one call after the other.

What disturbs the machine disturbs all alike, as far as a round is short; ratios are of one round's times.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from edgekit.bench.ratio import FEWEST
from edgekit.errors import EdgekitError
from edgekit.evaluate.passes import MEMORY_SHARE
from edgekit.evaluate.runner import StayingRunner
from edgekit.evaluate.subject import Subject
from edgekit.pipeline.execute import Executor

CALLS = 3
"""Of a runner in each round: the first one wakes its threads and its caches, and does not count."""


@dataclass
class Timed:
    """Milliseconds of one artifact, one a round; how long it took to its first answer, and its peak memory in bytes."""

    rounds: list[float] = field(default_factory=list)
    startup_ms: float | None = None
    peak_memory_bytes: int | None = None
    error: EdgekitError | None = None


def timed_in_turn(
    subjects: Mapping[str, Subject],
    yardstick: str,
    sample: np.ndarray,
    executor: Executor,
    scratch: Path,
    threads: int,
    seconds: float,
) -> dict[str, dict[str, Timed]]:
    """The times of all artifacts beside the yardstick's, group by group as far as the memory goes.

    Returns, for each artifact but those that are in a group with it, the times of its whole group. `sample` is what a
    call takes.
    """
    found: dict[str, dict[str, Timed]] = {}
    groups = list(grouped(subjects, yardstick))
    for number, names in enumerate(groups):
        folder = scratch / f"{threads}-{number}"
        folder.mkdir()
        chosen = {name: subjects[name] for name in names}
        group = time_group(chosen, sample, executor, folder, threads, seconds * len(names) / len(subjects))
        for name in names:
            found.setdefault(name, group)
    return found


def grouped(subjects: Mapping[str, Subject], yardstick: str) -> Iterator[list[str]]:
    """Names that fit into memory together, the yardstick in each group.

    A target's are in one group, as what INT8 is worth is told beside them; apart only where they alone do not fit.
    """
    import psutil

    room = psutil.virtual_memory().available * MEMORY_SHARE

    def fit(names: Sequence[str]) -> bool:
        return sum(subjects[one].memory_bytes for one in names) <= room

    first = [yardstick] if yardstick in subjects else []
    group = list(first)
    by_target: dict[str, list[str]] = {}
    for name, subject in subjects.items():
        if name not in first:
            by_target.setdefault(target_of(subject), []).append(name)
    for names in by_target.values():
        for number, name in enumerate(names):
            wanted = names if number == 0 else [name]
            if len(group) > len(first) and not fit([*group, *wanted]):
                yield group
                group = list(first)
            group.append(name)
    if group:
        yield group


def target_of(subject: Subject) -> str:
    """The target whose artifact it is."""
    assert subject.artifact is not None  # the reference is not timed here
    return subject.artifact.manifest.target


def time_group(
    subjects: Mapping[str, Subject],
    sample: np.ndarray,
    executor: Executor,
    scratch: Path,
    threads: int,
    seconds: float,
) -> dict[str, Timed]:
    """Time artifacts in turn; what fails has its error, and the others go on."""
    found = {name: Timed() for name in subjects}
    tensors = scratch / "sample.npy"
    np.save(tensors, np.concatenate([sample] * CALLS))
    runners: dict[str, StayingRunner] = {}
    order = np.random.default_rng(0)
    try:
        for name, subject in subjects.items():
            folder = scratch / name
            folder.mkdir()
            runners[name] = StayingRunner(subject, executor, folder, threads, timed=True)
            call(name, runners, found, tensors, CALLS * len(sample))
        ended = time.monotonic() + seconds
        while runners and (time.monotonic() < ended or min(len(found[one].rounds) for one in runners) < FEWEST):
            names = list(runners)
            for place in order.permutation(len(names)):
                if (times := call(names[place], runners, found, tensors, CALLS * len(sample))) is not None:
                    found[names[place]].rounds.append(float(np.median(times[1:])) * 1000)
    finally:
        for name, runner in runners.items():
            runner.close()
            found[name].peak_memory_bytes = runner.peak_memory_bytes
    return found


def call(
    name: str, runners: dict[str, StayingRunner], found: dict[str, Timed], tensors: Path, count: int
) -> Sequence[float] | None:
    """The seconds of some calls of a runner; None where it failed, which ends it."""
    runner = runners[name]
    try:
        runner.run(tensors, count)
    except EdgekitError as error:
        found[name].error = error
        runners.pop(name).close()
        return None
    if found[name].startup_ms is None:
        found[name].startup_ms = 1000 * (runner.loading_seconds + runner.calls[0])
    return runner.calls
