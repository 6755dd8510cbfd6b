import json
import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgekit.errors import ConversionError, EdgekitError
from edgekit.pipeline.execute import Event, Executor
from edgekit.pipeline.stage import SourceFile, Stage, StageFile
from edgekit.pipeline.store import StageStore
from edgekit.toolchain.worker import Limits, Toolchain


@pytest.fixture
def executor(fake_worker: Path, cache: Path) -> Executor:
    return Executor(StageStore(cache / "stages"), Toolchain(cache), cores=2)


@pytest.fixture
def calls(tmp_path: Path, unconfined: None) -> Path:
    folder = tmp_path / "calls"
    folder.mkdir()
    return folder


def stage(**options) -> Stage:
    inputs = options.pop("inputs", {})
    return Stage("fake/work.py", f"test of {options.get('text', 'it')}", inputs, options, cores=options.pop("cores", 1))


def text(executor: Executor, made: Stage) -> str:
    return (executor.store.folder(made) / "out.txt").read_text()


def test_a_stage_runs_once_and_is_found_again(executor: Executor, calls: Path) -> None:
    made = stage(text="a", calls=str(calls))
    first = executor.run([made]).result(made)
    second = executor.run([made]).result(made)
    assert len(list(calls.iterdir())) == 1
    assert not first.cached
    assert second.cached
    assert second.files == first.files == {"out.txt": {"sha256": first.files["out.txt"]["sha256"], "bytes": 1}}
    assert second.details == {"answer": 42, "pid": first.details["pid"]}
    assert (first.folder / "worker.log").exists()


def test_files_flow_from_stage_to_stage(executor: Executor) -> None:
    first = stage(text="a")
    second = stage(text="b", inputs={"x": StageFile(first, "out.txt")})
    third = stage(text="c", inputs={"x": StageFile(first, "out.txt"), "y": StageFile(second, "out.txt")})
    executor.run([third])
    assert text(executor, third) == "aabc"


def test_a_finished_stage_hides_what_it_was_made_from(executor: Executor, calls: Path) -> None:
    first = stage(text="a", calls=str(calls))
    second = stage(text="b", inputs={"x": StageFile(first, "out.txt")})
    executor.run([second])
    shutil.rmtree(executor.store.folder(first))
    assert executor.run([second]).result(second).cached
    assert len(list(calls.iterdir())) == 1


def test_keys_follow_content_options_and_source(fake_worker: Path, tmp_path: Path) -> None:
    from edgekit.pipeline.stage import worker_source_digest

    one = SourceFile(tmp_path / "a", "1" * 64)
    moved = SourceFile(tmp_path / "elsewhere", "1" * 64)
    base = stage(inputs={"x": one}).key
    assert stage(inputs={"x": moved}).key == base
    assert stage(inputs={"x": SourceFile(one.path, "2" * 64)}).key != base
    assert stage(inputs={"x": one}, text="other").key != base
    script = fake_worker / "fake" / "work.py"
    script.write_text(script.read_text() + "# changed\n")
    worker_source_digest.cache_clear()
    assert stage(inputs={"x": one}).key != base


def test_a_truncated_output_is_made_again(executor: Executor, calls: Path) -> None:
    made = stage(text="whole", calls=str(calls))
    executor.run([made])
    (executor.store.folder(made) / "out.txt").write_text("wh")
    executor.run([made])
    assert text(executor, made) == "whole"
    assert len(list(calls.iterdir())) == 2


def test_a_failure_stops_only_what_depends_on_it(executor: Executor) -> None:
    bad, good = stage(do="refuse", text="bad"), stage(text="good")
    after = stage(text="after", inputs={"x": StageFile(bad, "out.txt")})
    outcomes = executor.run([after, good])
    assert outcomes.result(good).details["answer"] == 42
    with pytest.raises(ConversionError, match="test of bad: the layer Foo is unknown"):
        outcomes.result(after)
    assert not executor.store.folder(bad).exists()
    assert not list(executor.store.folder(bad).parent.glob(".*"))


def test_a_failed_stages_log_is_kept_where_the_error_says(executor: Executor, cache: Path) -> None:
    bad = stage(do="abort")
    with pytest.raises(ConversionError) as caught:
        executor.run([bad]).result(bad)
    log = Path(caught.value.remedy.removeprefix("Its log is ").split(";")[0])
    assert log.parent == cache / "logs"
    assert "no attribute beta" in log.read_text()


def test_independent_stages_run_side_by_side(executor: Executor) -> None:
    spans: dict[str, list[float]] = {}

    def observe(event: Event) -> None:
        spans.setdefault(event.stage.key, []).append(time.monotonic())

    executor.observe = observe
    first, second = stage(do="sleep", seconds=1.0, text="1"), stage(do="sleep", seconds=1.0, text="2")
    executor.run([first, second])
    (start_1, end_1), (start_2, end_2) = spans[first.key], spans[second.key]
    assert max(start_1, start_2) < min(end_1, end_2)


def test_a_stage_that_takes_the_whole_machine_runs_alone(executor: Executor) -> None:
    spans: dict[str, list[float]] = {}
    executor.observe = lambda event: spans.setdefault(event.stage.key, []).append(time.monotonic())
    timed = [stage(do="sleep", seconds=0.3, text=str(index), cores=2) for index in range(2)]
    executor.run(timed)
    (start_1, end_1), (start_2, end_2) = (spans[one.key] for one in timed)
    assert end_1 <= start_2 or end_2 <= start_1


def test_two_runs_on_one_cache_share_the_work(executor: Executor, cache: Path, calls: Path) -> None:
    made = stage(do="sleep", seconds=1.0, calls=str(calls))
    other = Executor(StageStore(cache / "stages"), Toolchain(cache), cores=2)
    results = []
    threads = [
        threading.Thread(target=lambda e=one: results.append(e.run([made]).result(made))) for one in (executor, other)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 2
    assert len(list(calls.iterdir())) == 1


@pytest.fixture
def hearing_ctrl_c() -> Iterator[None]:
    """Where the tests run as a shell's background job, as CI may, Ctrl-C would be ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("hearing_ctrl_c")
def test_an_interrupt_leaves_nothing_half_made_and_the_next_run_resumes(
    executor: Executor, calls: Path, tmp_path: Path
) -> None:
    first = stage(text="a", calls=str(calls))
    pids = tmp_path / "pids"
    second = stage(do="hang", pids=str(pids), inputs={"x": StageFile(first, "out.txt")})

    def interrupt_when_hanging() -> None:
        while not pids.exists() or not pids.read_text():
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt_when_hanging).start()
    with pytest.raises(KeyboardInterrupt):
        executor.run([second])
    assert executor.store.find(first)
    assert not executor.store.folder(second).exists()
    assert not list(executor.store.folder(second).parent.glob(".*"))
    executor.run([first])
    assert len(list(calls.iterdir())) == 1


def test_what_a_killed_run_left_behind_is_cleared(executor: Executor) -> None:
    made = stage(text="a")
    folder = executor.store.folder(made)
    stale = folder.parent / f".{folder.name}.999999-deadbeef"
    stale.mkdir(parents=True)
    (stale / "half").write_text("half")
    executor.run([made])
    assert not stale.exists()


def test_a_timeout_is_the_stages_failure(executor: Executor, tmp_path: Path) -> None:
    slow = Stage("fake/work.py", "slow", {}, {"do": "sleep", "seconds": 60}, limits=Limits(seconds=1))
    outcome = executor.run([slow]).by_key[slow.key]
    assert isinstance(outcome, EdgekitError)
    assert "did not end within 1 s" in outcome.message


def test_a_full_disk_is_one_sentence(executor: Executor, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("edgekit.pipeline.store.hashed_files", full)
    made = stage(text="a")
    outcome = executor.run([made]).by_key[made.key]
    assert isinstance(outcome, ConversionError)
    assert "the disk is full" in outcome.message
    assert not list(executor.store.folder(made).parent.glob(".*-*"))


def test_a_record_that_cannot_be_read_counts_as_absent(executor: Executor) -> None:
    made = stage(text="a")
    executor.run([made])
    record = executor.store.folder(made) / "stage.json"
    record.write_text(json.dumps({"files": {}})[:-3])
    assert executor.store.find(made) is None
