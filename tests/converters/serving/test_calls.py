"""Requests become calls: in order, together where the model takes several, bounded, and each gets its own answer.

The runner is a thread with the real other side of the link.
"""

import asyncio
import json
import os
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from edgeworker.protocol import Request
from edgeworker.serving import serve_job

from edgekit.serve.link import Link
from tests.converters.loading import load

calls = load("serving", "calls")
runner_link = load("serving", "runner_link")
problems = load("serving", "problems")

SLOTS = 3


class Tripling:
    """Triples its input, once it may; counts the samples of each call."""

    def __init__(self) -> None:
        self.may = threading.Event()
        self.samples: list[int] = []

    def run(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        assert self.may.wait(30)
        self.samples.append(len(inputs["x"]))
        return {"y": inputs["x"] * 3}


class Measured:
    """Keeps what was measured."""

    def __init__(self) -> None:
        self.calls: list[int] = []

    def called(self, samples: int, seconds: float, waited: list[float]) -> None:
        assert seconds >= 0
        assert min(waited) >= 0
        self.calls.append(samples)


def serving(
    tmp_path: Path, capacity: int, use: Callable[[Any, Any, Tripling], Awaitable[None]], **options: Any
) -> tuple[Tripling, Measured]:
    """Run `use(calls, link, session)` with a runner whose calls take `capacity` samples."""
    spec = {"dtype": "float32", "shape": (capacity, 2)}
    inputs = [{"name": "x", "offset": 0, **spec}]
    outputs = [{"name": "y", "offset": 1024, **spec}]
    link = Link({"slots": SLOTS, "bytes": 2048, "inputs": inputs, "outputs": outputs})
    session, measured = Tripling(), Measured()
    # Copies, as a process would have them.
    told = {
        **link.runners_option,
        **dict(zip(("requests", "replies"), map(os.dup, link.runners_ends.workers_ends), strict=False)),
    }
    job = threading.Thread(target=serve_job, args=(lambda _: session, Request({}, tmp_path, {"serve": told})))
    job.start()

    async def main() -> None:
        server = runner_link.RunnerLink(link.servers_option, asyncio.get_running_loop())
        await server.loaded.wait()
        settings = {"whole": False, "shared": True, "waiting": 4, **options}
        await use(calls.Calls(server, SLOTS, capacity, measured, **settings), server, session)

    try:
        asyncio.run(main())
    finally:
        session.may.set()
        link.end()
        job.join()
        link.close()
    return session, measured


def sample(number: int, count: int = 1) -> dict[str, np.ndarray]:
    return {"x": np.full((count, 2), number, np.float32)}


async def settled(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.005)


def test_what_waits_shares_a_call_and_each_gets_its_own(tmp_path: Path) -> None:
    async def use(made: Any, link: Any, session: Tripling) -> None:
        # Two calls are out at once: the first request's, and the second's. The others wait meanwhile.
        tasks = [asyncio.create_task(made.run(sample(number), 1)) for number in range(6)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        session.may.set()
        answers = await asyncio.gather(*tasks)
        assert [one["y"].tolist() for one in answers] == [[[3 * number] * 2] for number in range(6)]
        assert made.idle

    session, measured = serving(tmp_path, 4, use)
    assert sum(session.samples) == 6
    assert session.samples == measured.calls
    assert max(session.samples) == 4


def test_unshared_requests_go_one_by_one(tmp_path: Path) -> None:
    async def use(made: Any, link: Any, session: Tripling) -> None:
        session.may.set()
        answers = await asyncio.gather(*(made.run(sample(number), 1) for number in range(6)))
        assert [one["y"][0, 0] for one in answers] == [0, 3, 6, 9, 12, 15]

    session, _ = serving(tmp_path, 4, use, shared=False)
    assert session.samples == [1] * 6


def test_a_fixed_batch_is_filled_up(tmp_path: Path) -> None:
    async def use(made: Any, link: Any, session: Tripling) -> None:
        session.may.set()
        answer = await made.run(sample(5, 3), 3)
        assert answer["y"].tolist() == [[15, 15]] * 3

    session, measured = serving(tmp_path, 4, use, whole=True)
    assert (session.samples, measured.calls) == ([4], [3])


def test_more_than_may_wait_are_refused_at_once(tmp_path: Path) -> None:
    async def use(made: Any, link: Any, session: Tripling) -> None:
        tasks = [asyncio.create_task(made.run(sample(number), 1)) for number in range(6)]
        await asyncio.sleep(0)
        with pytest.raises(problems.Problem) as problem:
            await made.run(sample(9), 1)
        assert problem.value.kind.status == 429
        session.may.set()
        assert len(await asyncio.gather(*tasks)) == 6

    serving(tmp_path, 1, use)


def test_who_no_longer_waits_is_not_run(tmp_path: Path) -> None:
    async def use(made: Any, link: Any, session: Tripling) -> None:
        tasks = [asyncio.create_task(made.run(sample(number), 1)) for number in range(4)]
        await asyncio.sleep(0)
        tasks[3].cancel()
        await asyncio.sleep(0)
        session.may.set()
        await asyncio.gather(*tasks[:3])
        await settled(lambda: made.idle)

    session, _ = serving(tmp_path, 1, use)
    assert session.samples == [1] * 3


def test_a_runner_that_ends_takes_its_calls_with_it_and_another_goes_on(tmp_path: Path) -> None:
    async def use(made: Any, link: Any, session: Tripling) -> None:
        lost = asyncio.create_task(made.run(sample(1), 1))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        link.gone()
        with pytest.raises(problems.Problem, match="has ended, and is started again"):
            await lost
        # The reply to the lost call comes late, and belongs to nobody.
        session.may.set()
        answer = await made.run(sample(7), 1)
        assert answer["y"].tolist() == [[21, 21]]
        assert made.idle

    serving(tmp_path, 1, use)


def test_a_link_forgets_what_was_left_unread() -> None:
    link = Link({"slots": 1, "bytes": 64, "inputs": [], "outputs": []})
    try:
        os.write(link.servers_ends[0], json.dumps({"call": 1}).encode() + b"\n")
        link.forget_requests()
        link.end()
        assert json.loads(os.read(link.runners_ends.workers_ends[0], 1 << 16)) == {"end": True}
    finally:
        link.close()
