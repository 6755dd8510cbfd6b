"""Which stage starts when, with the fake worker."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from edgekit.errors import ConversionError, UsageError
from edgekit.pipeline.execute import Event, Executor, Job
from edgekit.pipeline.stage import Stage, StageFile
from edgekit.pipeline.store import StageStore
from edgekit.toolchain.worker import Limits, Toolchain

GIB = 1 << 30


@pytest.fixture
def executor(fake_worker: Path, cache: Path) -> Executor:
    return Executor(StageStore(cache / "stages"), Toolchain(cache), cores=4, memory_bytes=10 * GIB)


def sleep(
    text: str, *, memory: int = 0, alone: bool = False, seconds: float = 0.3, inputs: dict | None = None
) -> Stage:
    options = {"do": "sleep", "seconds": seconds, "text": text}
    return Stage("fake/work.py", text, inputs or {}, options, memory_bytes=memory * GIB, alone=alone)


class Watch:
    """Notes when stages run, the most memory in use by their estimates, and what ran beside those alone."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.running: dict[str, Stage] = {}
        self.most = 0
        self.order: list[str] = []
        self.beside: set[str] = set()

    def __call__(self, event: Event) -> None:
        with self.lock:
            if event.kind != "started":
                self.running.pop(event.stage.key, None)
                return
            self.running[event.stage.key] = event.stage
            self.order.append(event.stage.about)
            self.most = max(self.most, sum(one.memory_bytes for one in self.running.values()))
            if any(one.alone for one in self.running.values()) and len(self.running) > 1:
                self.beside |= {one.about for one in self.running.values()}


def test_only_what_fits_the_memory_runs_side_by_side(executor: Executor) -> None:
    executor.observe = watch = Watch()
    stages = [sleep(str(index), memory=4) for index in range(4)]
    outcomes = executor.run(stages)
    assert all(outcomes.result(stage) for stage in stages)
    assert watch.most == 8 * GIB


def test_what_never_fits_fails_and_the_others_run(executor: Executor) -> None:
    executor.observe = watch = Watch()
    huge, small = sleep("huge", memory=11), sleep("small", memory=1)
    after = sleep("after", inputs={"x": StageFile(huge, "out.txt")})
    outcomes = executor.run([huge, small, after])
    assert outcomes.result(small)
    with pytest.raises(ConversionError, match=r"huge: it takes about 11.0 GiB of memory, and 10.0 GiB are free"):
        outcomes.result(after)
    assert outcomes.failed_at(after) is huge
    assert watch.order == ["small"]


@pytest.mark.parametrize("expected", [0, 1])
def test_a_stage_may_take_what_is_expected_of_it(expected: int, executor: Executor) -> None:
    """The bound is for what goes wrong: the largest networks take more than it, and are expected to."""
    large = replace(sleep("large", memory=expected, seconds=1), limits=Limits(memory_bytes=1 << 20))
    outcomes = executor.run([large])
    if expected:
        assert outcomes.result(large)
    else:
        with pytest.raises(ConversionError, match=r"over its bound of 0.0 GiB"):
            outcomes.result(large)


def test_a_big_stage_is_not_overtaken_for_ever(executor: Executor) -> None:
    executor.observe = watch = Watch()
    stages = [
        sleep("first", memory=6),
        sleep("big", memory=9),
        *(sleep(f"small {index}", memory=1) for index in range(3)),
    ]
    executor.run(stages)
    assert watch.order[:2] == ["first", "big"]


def test_timed_stages_run_alone_however_many_cores_there_are(executor: Executor) -> None:
    executor.observe = watch = Watch()
    timed = [sleep(f"timed {index}", alone=True, seconds=0.1) for index in range(2)]
    shared = [sleep(f"shared {index}", seconds=0.1) for index in range(3)]
    executor.run([timed[0], *shared, timed[1]])
    assert watch.beside == set()
    assert watch.order == ["shared 0", "shared 1", "shared 2", "timed 0", "timed 1"]


def test_jobs_get_outcomes_step_by_step_within_the_window(executor: Executor) -> None:
    told: list[str] = []
    open_now: set[str] = set()
    most_open = 0

    def job(name: str) -> Job:
        nonlocal most_open
        open_now.add(name)
        most_open = max(most_open, len(open_now))
        first = sleep(f"{name} first", seconds=0.05)
        outcomes = yield [first]
        size = outcomes.result(first).files["out.txt"]["bytes"]
        second = sleep(f"{name} second {size}", seconds=0.05)
        outcomes = yield [second]
        assert outcomes.result(second)
        told.append(name)
        open_now.remove(name)

    executor.work((job(str(index)) for index in range(5)), window=2)
    assert sorted(told) == ["0", "1", "2", "3", "4"]
    assert most_open == 2


def test_jobs_overlap(executor: Executor) -> None:
    """While one job's stage runs, another's does too."""

    def job(name: str) -> Job:
        yield [sleep(f"{name} a", seconds=0.8)]

    running, most_running = 0, 0

    def observe(event: Event) -> None:
        nonlocal running, most_running
        running += 1 if event.kind == "started" else -1
        most_running = max(most_running, running)

    executor.observe = observe
    executor.work((job(str(index)) for index in range(4)), window=4)
    assert most_running >= 2


def test_a_job_that_breaks_ends_the_run_and_its_workers(executor: Executor) -> None:
    def quick() -> Job:
        yield [sleep("quick", seconds=0.05)]
        raise RuntimeError("a bug")

    long = sleep("slow", seconds=60)

    def slow() -> Job:
        yield [long]

    with pytest.raises(RuntimeError, match="a bug"):
        executor.work(iter([quick(), slow()]), window=2)
    assert executor.store.find(long) is None


def test_removing_an_output_leaves_what_was_made_from_it(executor: Executor) -> None:
    first = sleep("first", seconds=0.01)
    second = sleep("second", seconds=0.01, inputs={"x": StageFile(first, "out.txt")})
    executor.run([second])
    folder = executor.store.folder(first)
    stale = folder.with_name(f".{folder.name}.old-0123")  # what a removal that was killed leaves
    stale.mkdir()
    executor.store.remove(first)
    assert not folder.exists()
    assert not stale.exists()
    assert executor.run([second]).result(second).cached
    executor.store.remove(first)


def refuse(kind: str = "conversion", otherwise: Stage | None = None) -> Stage:
    return Stage("fake/work.py", "first way", {}, {"do": "refuse", "kind": kind}, otherwise=otherwise)


def other_way(text: str = "the other way") -> Stage:
    return Stage("fake/work.py", text, {"x": StageFile(sleep("before", seconds=0.0), "out.txt")}, {"text": text})


def test_where_one_way_fails_the_other_is_taken(executor: Executor) -> None:
    """What is made from the stage gets the other one's files; a second run starts nothing."""
    other = other_way()
    stage = refuse(otherwise=other)
    after = Stage("fake/work.py", "after", {"x": StageFile(stage, "out.txt")}, {"text": "!"})
    outcomes = executor.run([stage, after])
    assert outcomes.result(stage).key == other.key
    assert (outcomes.result(after).folder / "out.txt").read_text() == "sleptthe other way!"
    executor.observe = watch = Watch()
    assert executor.run([stage, after]).result(stage).cached
    assert watch.order == []


def test_a_way_that_works_is_the_only_one(executor: Executor) -> None:
    executor.observe = watch = Watch()
    stage = Stage("fake/work.py", "first way", {}, {"text": "direct"}, otherwise=other_way())
    assert executor.run([stage]).result(stage).key == stage.key
    assert watch.order == ["first way"]


def test_where_both_ways_fail_both_reasons_are_told(executor: Executor) -> None:
    other = Stage("fake/work.py", "second way", {}, {"do": "refuse", "text": "2"})
    stage = refuse(otherwise=other)
    with pytest.raises(ConversionError) as caught:
        executor.run([stage, other]).result(stage)
    assert str(caught.value) == (
        "first way: the layer Foo is unknown; nor the other way: second way: the layer Foo is unknown. "
        "Use another target."
    )


def test_a_wrong_input_is_no_reason_for_another_way(executor: Executor) -> None:
    executor.observe = watch = Watch()
    stage = refuse("input", otherwise=other_way())
    with pytest.raises(UsageError, match="the layer Foo is unknown"):
        executor.run([stage]).result(stage)
    assert watch.order == ["first way"]
