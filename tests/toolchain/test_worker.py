import os
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
from safetensors.numpy import save_file

from conftest import PATIENCE_SECONDS
from edgekit.errors import ConversionError, UsageError
from edgekit.toolchain.channel import Channel, Gone
from edgekit.toolchain.left import check_output
from edgekit.toolchain.worker import Cancelled, Limits, Toolchain, read_answer

WORKER = "fake/work.py"


@pytest.fixture
def run(fake_worker: Path, cache: Path, tmp_path: Path):
    def call(options: dict, scratch: Path | None = None, **more):
        scratch = scratch or tmp_path / f"scratch-{time.time_ns()}"
        (scratch / "output").mkdir(parents=True)
        return Toolchain(cache).run(WORKER, {}, scratch / "output", options, scratch=scratch, **more)

    return call


def test_a_result_has_details_tools_and_figures(run) -> None:
    result = run({})
    assert result.details["answer"] == 42
    assert result.details["pid"] != os.getpid()
    assert result.tools == {"six": "1.17.0"}
    assert result.seconds > 0
    assert 5e6 < result.peak_memory_bytes < 1e9


def test_a_refusal_is_the_workers_own_sentence(run) -> None:
    with pytest.raises(ConversionError) as caught:
        run({"do": "refuse"})
    assert str(caught.value) == "the layer Foo is unknown. Use another target."


def test_a_refused_input_is_the_users_to_mend(run) -> None:
    with pytest.raises(UsageError):
        run({"do": "refuse", "kind": "input"})


def test_a_crash_names_tool_signal_and_the_line_that_matters(run) -> None:
    with pytest.raises(ConversionError) as caught:
        run({"do": "abort"})
    assert caught.value.message == (
        "fake/work (six 1.17.0) crashed (SIGABRT): Check failed: no attribute beta for swish"
    )
    assert "worker.log" in caught.value.remedy


def test_an_exception_in_a_worker_is_one_sentence(run) -> None:
    with pytest.raises(ConversionError, match=r"ended with status 1 .*ValueError: shapes \(2,3\) and \(4,\)"):
        run({"do": "raise"})


def test_a_worker_that_leaves_without_a_result_has_failed(run) -> None:
    with pytest.raises(ConversionError, match="ended with status 3 and no result: it left no message"):
        run({"do": "leave"})


def test_a_hanging_worker_is_stopped_with_its_children(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pids = tmp_path / "scratch" / "pids"

    def clock() -> float:
        """An hour goes by once the worker has begun, however long that took."""
        begun = pids.exists() and len(pids.read_text().split()) == 2
        return time.monotonic() + 3600 * begun

    monkeypatch.setattr("edgekit.toolchain.worker.time", SimpleNamespace(monotonic=clock))
    with pytest.raises(ConversionError, match="did not end within 1800 s"):
        run({"do": "hang", "pids": str(pids)}, pids.parent, limits=Limits(seconds=1800))
    assert_gone(pids)


def test_a_greedy_worker_is_stopped(run) -> None:
    with pytest.raises(ConversionError, match=r"over its bound of 0\.2 GiB"):
        run({"do": "eat"}, limits=Limits(memory_bytes=200 << 20))


def test_cancelling_kills_the_worker_and_its_children(run, tmp_path: Path) -> None:
    pids, cancelled = tmp_path / "scratch" / "pids", threading.Event()

    def cancel_when_started() -> None:
        while not pids.exists() or not pids.read_text():
            time.sleep(0.02)
        cancelled.set()

    threading.Thread(target=cancel_when_started).start()
    with pytest.raises(Cancelled):
        run({"do": "hang", "pids": str(pids)}, pids.parent, cancelled=cancelled)
    assert_gone(pids)


def test_threads_and_temporary_files_are_bounded(run, fake_worker: Path) -> None:
    script = fake_worker / WORKER
    script.write_text(
        script.read_text().replace(
            'return {"answer"',
            'return {"threads": os.environ["OMP_NUM_THREADS"], "tmp": os.environ["TMPDIR"], "answer"',
        )
    )
    details = run({}, limits=Limits(threads=1)).details
    assert details["threads"] == "1"
    assert "scratch-" in details["tmp"]


WAITING = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")


@pytest.mark.parametrize(
    ("options", "timed", "expected"),
    [
        ({"latency": None}, False, ["passive", "0", "0"]),
        ({"latency": {"warmup": 0, "repeats": 3, "seconds": 1}}, False, [None, None, None]),
        ({"latency": None, "interleaved": {"warmup": 0, "repeats": 3, "seconds": 1}}, False, [None, None, None]),
        ({"latency": None}, True, [None, None, None]),
    ],
)
def test_threads_spin_only_where_something_is_timed(
    run, fake_worker: Path, monkeypatch: pytest.MonkeyPatch, options: dict, timed: bool, expected: list[str | None]
) -> None:
    for name in WAITING:
        monkeypatch.delenv(name, raising=False)
    script = fake_worker / WORKER
    script.write_text(
        script.read_text().replace(
            'return {"answer"', f'return {{"waiting": [os.environ.get(one) for one in {WAITING}], "answer"'
        )
    )
    assert run(options, timed=timed).details["waiting"] == expected


def assert_gone(pids: Path) -> None:
    """Neither the worker nor its child runs any more (a zombie that init has yet to reap does not run)."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    for pid in map(int, pids.read_text().split()):
        while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < deadline, f"process {pid} is still alive"
            time.sleep(0.05)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ('{"status": "ok", "tools": {}, "seconds": 1, "peak_memory_bytes": 1, "details": {"x": %s}}', "64 bits"),
        ('{"status": "ok", "details": %s}', "deep"),
        ('{"status": "ok", "tools": {}, "seconds": "x", "peak_memory_bytes": %s}', "seconds"),
    ],
)
def test_what_a_worker_answers_is_a_strangers(tmp_path: Path, answer: str, said: str) -> None:
    value = "[" * 5000 + "]" * 5000 if said == "deep" else "9" * 5000 if said == "64 bits" else "1"
    (tmp_path / "result.json").write_text(answer % value)
    with pytest.raises(ConversionError, match=f"left a result that cannot be read: .*{said}"):
        read_answer("fake/work", tmp_path / "result.json")


def test_a_reply_of_brackets_alone_is_none() -> None:
    channel = Channel()
    os.write(channel.workers_ends[1], b"[" * 60000 + b"\n")
    with pytest.raises(Gone):
        channel.reply(10, threading.Event())
    channel.close()


def test_tensors_that_a_worker_leaves_are_whole(tmp_path: Path) -> None:
    path = tmp_path / "outputs.safetensors"
    save_file({"y": np.ones(3, np.float32)}, path)
    check_output("fake/work", tmp_path, [])
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ConversionError, match="fake/work left a file that cannot be read"):
        check_output("fake/work", tmp_path, [])
