"""Documents changed by chance, through every parser: each is taken or refused in one sentence, and nothing runs.

`make fuzz` tries more of them, other ones each time (EDGEKIT_FUZZ_RUNS is how many of each parser).
"""

import os
import random
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from tests.untrusted.mutation import KINDS, PAYLOADS, Edit, edited, revalued
from tests.untrusted.parsers import Parser, parsers

RUNS = os.environ.get("EDGEKIT_FUZZ_RUNS")
LONGEST = 60.0  # seconds of one document; a busy machine is slow, a hang has no end
# What Python tells of everything that would be an execution.
EXECUTIONS = (
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "subprocess.Popen",
    "exec",
    "pickle.find_class",
    "ctypes.dlopen",
)

EDITS = some.lists(
    some.builds(
        Edit,
        some.sampled_from(KINDS),
        some.floats(0, 1),
        some.sampled_from((1, 2, 4, 8, 30, 200)),
        some.one_of(some.sampled_from(PAYLOADS), some.binary(min_size=1, max_size=8)),
    ),
    min_size=1,
    max_size=4,
)
NAMES = (
    "manifest",
    "ranges",
    "bundle",
    "matrix record",
    "recipe",
    "configuration",
    "labels",
    "pdparams",
    "safetensors",
    "library",
    "device's report",
    "photo",
    "archive",
    "results",
    "matrix report",
    "benchmark",
    "list of photos",
)

OF_VALUES = ("manifest", "matrix record", "results", "matrix report", "benchmark")
"""Those that are JSON."""

SHOWN = ("results", "matrix report", "benchmark")
"""Those of which all that is shown is made, too."""

watched: list[list[str]] = []


def watch(event: str, _: object) -> None:
    """Note what is executed while somebody watches. A hook of Python's is for good."""
    if watched and event in EXECUTIONS:
        watched[-1].append(event)


sys.addaudithook(watch)


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Parser]:
    return parsers(tmp_path_factory.mktemp("seeds"))


@pytest.mark.parametrize("name", NAMES)
def test_healthy_documents_are_taken(known: dict[str, Parser], tmp_path: Path, name: str) -> None:
    assert set(known) == set(NAMES)
    assert [known[name].refused(seed, tmp_path) for seed in known[name].seeds] == [None] * len(known[name].seeds)


def many(runs: int) -> settings:
    """So many, the same ones each time, or as many other ones as were asked for."""
    return settings(
        max_examples=int(RUNS or runs),
        derandomize=RUNS is None,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


@pytest.mark.parametrize("name", NAMES)
@many(150)
@given(which=some.integers(0, 99), edits=EDITS)
def test_changed_documents(known: dict[str, Parser], tmp_path: Path, name: str, which: int, edits: list[Edit]) -> None:
    parser = known[name]
    tried(parser, edited(parser.seeds[which % len(parser.seeds)], edits), tmp_path, name)


@pytest.mark.parametrize("name", OF_VALUES)
@many(150)
@given(seed=some.integers(0, 1 << 32))
def test_changed_values(known: dict[str, Parser], tmp_path: Path, name: str, seed: int) -> None:
    """The document stays one, and says something else: what only a reader of its values can refuse."""
    tried(known[name], revalued(known[name].seeds[0], random.Random(seed)), tmp_path, name)


def tried(parser: Parser, content: bytes, tmp_path: Path, name: str) -> None:
    """Taken or refused in one sentence, in time, and nothing runs."""
    executed: list[str] = []
    watched.append(executed)
    started = time.monotonic()
    try:
        sentence = parser.refused(content, tmp_path)
    finally:
        watched.pop()
    assert time.monotonic() - started < LONGEST
    # Templates of pages are Python once they were compiled.
    assert not [event for event in executed if event != "exec" or name not in SHOWN]
    if sentence is not None:
        assert sentence.isprintable()
        assert Path(parser.name).name in sentence or str(tmp_path) in sentence or name == "matrix record"
        assert len(sentence) < 5000
