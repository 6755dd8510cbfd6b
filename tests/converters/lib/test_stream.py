"""A runner that stays: pieces come and go through two pipes until the requests end."""

import json
import os
import threading
from pathlib import Path

import numpy as np
import pytest
from edgeworker.protocol import Request
from edgeworker.refusal import Refusal
from edgeworker.stream import stream_job

from edgekit.toolchain.channel import Channel, Gone, Silent


class Doubling:
    """Doubles its input."""

    def run(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        assert inputs["x"].shape[0] == 2
        return {"y": inputs["x"] * 2, "other": inputs["x"]}


def start(tmp_path: Path, channel: Channel, load=lambda _: Doubling()) -> tuple[threading.Thread, dict]:
    """The worker's side, in a thread: it takes copies of the pipes' ends, as a process would."""
    ends = [os.dup(end) for end in channel.workers_ends]
    channel.close_workers_ends()
    stream = {"requests": ends[0], "replies": ends[1], "input": "x", "output": "y"}
    found: dict = {}

    def work() -> None:
        try:
            found["details"] = stream_job(load, Request({}, tmp_path, {"batch": 2, "stream": stream}))
        except BaseException as error:
            found["error"] = error

    thread = threading.Thread(target=work)
    thread.start()
    return thread, found


def test_pieces_are_run_until_the_requests_end(tmp_path: Path) -> None:
    channel, never = Channel(), threading.Event()
    thread, found = start(tmp_path, channel)
    assert channel.reply(20, never)["seconds"] >= 0
    for count in (4, 2):
        values = np.random.default_rng(count).random((6, 3)).astype(np.float32)
        np.save(tmp_path / "in.npy", values)
        channel.ask({"tensors": str(tmp_path / "in.npy"), "count": count})
        assert channel.reply(20, never)["seconds"] >= 0
        assert np.array_equal(np.load(tmp_path / "outputs.npy"), values[:count] * 2)
    channel.end_requests()
    thread.join(20)
    assert found["details"]["samples"] == 6
    assert not (tmp_path / "outputs.npy").exists()
    with pytest.raises(Gone):
        channel.reply(20, never)
    channel.close()


def test_samples_that_do_not_fill_a_call_are_refused(tmp_path: Path) -> None:
    channel, never = Channel(), threading.Event()
    thread, found = start(tmp_path, channel)
    channel.reply(20, never)
    np.save(tmp_path / "in.npy", np.zeros((3, 3), np.float32))
    channel.ask({"tensors": str(tmp_path / "in.npy"), "count": 3})
    with pytest.raises(Gone):
        channel.reply(20, never)
    thread.join(20)
    assert isinstance(found["error"], Refusal)
    channel.close()


def test_a_worker_that_is_silent_or_cancelled_is_not_waited_for() -> None:
    channel, cancelled = Channel(), threading.Event()
    with pytest.raises(Silent):
        channel.reply(0.01, cancelled)
    cancelled.set()
    with pytest.raises(Gone, match="cancelled"):
        channel.reply(20, cancelled)
    channel.close()
    channel.close()


@pytest.mark.parametrize("said", [b"no json\n", b"[1]\n", b'"x"\n'])
def test_a_reply_that_is_none_is_no_reply(said: bytes) -> None:
    channel = Channel()
    os.write(channel.workers_ends[1], said)
    with pytest.raises(Gone, match="its reply cannot be read"):
        channel.reply(20, threading.Event())
    channel.close()


def test_asking_a_worker_that_is_gone() -> None:
    channel = Channel()
    channel.close_workers_ends()
    with pytest.raises(Gone):
        channel.ask({"a": 1})
    assert json.dumps(channel.numbers if channel.workers_ends else {}) == "{}"
    channel.close()
