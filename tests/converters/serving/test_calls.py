"""Requests become calls: in order, together where the model takes several, bounded, and each gets its own answer.

The runner is a thread with the real other side of the link.
"""

import asyncio
import json
import os
import select
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from edgeworker.protocol import Request
from edgeworker.serving import serve_job

from conftest import PATIENCE_SECONDS
from edgekit.serve.link import Link
from tests.converters.loading import load

calls = load("serving", "calls")
waiting = load("serving", "waiting")
runners = load("serving", "runner")
runner_link = load("serving", "runner_link")
problems = load("serving", "problems")

SLOTS = 3


class Tripling:
    """Triples its input, once it may; counts the samples of each call."""

    def __init__(self) -> None:
        self.may = threading.Event()
        self.samples: list[int] = []

    def run(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        assert self.may.wait(PATIENCE_SECONDS)
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


class Answering:
    """A queue with one runner that is open, as a model makes it."""

    def __init__(self, link: Any, capacity: int, measured: Measured, **options: Any) -> None:
        settings = {"whole": False, "shared": True, "most": 4, "patience": 600.0, "hangs": unexpected, **options}
        queued = {name: settings.pop(name) for name in ("shared", "most")}
        self.queue = waiting.Queue(capacity, patience=settings["patience"], **queued)
        self.calls = calls.Calls(link, capacity, measured, more=self.queue.offer, back=self.queue.put_back, **settings)
        self.queue.open(self.calls)
        self.run = self.queue.run

    @property
    def idle(self) -> bool:
        return not self.queue._waiting and not self.calls.running


def serving(
    tmp_path: Path, capacity: int, use: Callable[[Any, Any, Tripling], Awaitable[None]], **options: Any
) -> tuple[Tripling, Measured]:
    """Run `use(answering, link, session)` with a runner whose calls take `capacity` samples."""
    session, measured = Tripling(), Measured()
    with runner(tmp_path, capacity, session) as link:

        async def main() -> None:
            server = runner_link.RunnerLink(link.servers_option, asyncio.get_running_loop())
            await server.loaded.wait()
            await use(Answering(server, capacity, measured, **options), server, session)

        asyncio.run(main())
    return session, measured


@contextmanager
def runner(tmp_path: Path, capacity: int, session: Tripling) -> Iterator[Link]:
    """The link of a runner that is there meanwhile."""
    spec = {"dtype": "float32", "shape": (capacity, 2)}
    inputs = [{"name": "x", "offset": 0, **spec}]
    outputs = [{"name": "y", "offset": 1024, **spec}]
    link = Link({"slots": SLOTS, "bytes": 2048, "inputs": inputs, "outputs": outputs})
    # Copies, as a process would have them.
    told = {
        **link.runners_option,
        **dict(zip(("requests", "replies"), map(os.dup, link.runners_ends.workers_ends), strict=False)),
    }
    job = threading.Thread(target=serve_job, args=(lambda _: session, Request({}, tmp_path, {"serve": told})))
    job.start()
    try:
        yield link
    finally:
        session.may.set()
        link.end()
        job.join()
        link.close()


def unexpected() -> None:
    raise AssertionError("the runner does not hang")


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
        made.queue.close(made.calls, "away")
        link.gone()
        with pytest.raises(problems.Problem, match="has ended, and is started again"):
            await lost
        # The reply to the lost call comes late, and belongs to nobody.
        session.may.set()
        link.loaded.set()
        made.queue.open(made.calls)
        answer = await made.run(sample(7), 1)
        assert answer["y"].tolist() == [[21, 21]]
        assert made.idle

    serving(tmp_path, 1, use)


class Runners:
    """Runners of one link, each a thread; the first never answers. As processes, they have ends of their own."""

    def __init__(self, link: Link) -> None:
        self.link, self.calls, self._waits = link, [], threading.Event()

    def say(self, document: dict[str, Any]) -> None:
        os.write(self.link.runners_ends.workers_ends[1], json.dumps(document).encode() + b"\n")

    def next(self) -> threading.Thread:
        """One that has loaded, and answers all that it is asked."""

        def work() -> None:
            requests = self.link.runners_ends.workers_ends[0]
            self.say({"loaded": True})
            buffer = b""
            while True:
                while b"\n" not in buffer:
                    buffer += os.read(requests, 1 << 16)
                text, _, buffer = buffer.partition(b"\n")
                asked = json.loads(text)
                if asked.get("end"):
                    return
                self.calls.append(asked["call"])
                self.say({"call": asked["call"], "seconds": 0.0})

        thread = threading.Thread(target=work)
        thread.start()
        return thread


def test_what_waits_for_a_runner_that_ends_is_told_and_the_next_one_is_asked_nothing_of_it() -> None:
    """Six requests, two calls out, four that wait: all end with the runner. The next one is asked what comes after."""
    spec = {"dtype": "float32", "shape": (1, 2)}
    tensors = {"inputs": [{"name": "x", "offset": 0, **spec}], "outputs": [{"name": "y", "offset": 64, **spec}]}
    link = Link({"slots": SLOTS, "bytes": 128, **tensors})
    runners, threads = Runners(link), []

    async def main() -> None:
        server = runner_link.RunnerLink(link.servers_option, asyncio.get_running_loop())
        made = Answering(server, 1, Measured(), most=8)
        runners.say({"loaded": True})
        await server.loaded.wait()
        tasks = [asyncio.create_task(made.run(sample(number), 1)) for number in range(6)]
        await asyncio.sleep(0.05)
        made.queue.close(made.calls, "away")
        server.gone()
        answers = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), PATIENCE_SECONDS)
        assert [str(one) for one in answers] == [runner_link.ENDED] * 6
        await asyncio.wait_for(settled(lambda: made.idle), PATIENCE_SECONDS)
        link.forget_requests()
        threads.append(runners.next())
        await server.loaded.wait()
        made.queue.open(made.calls)
        assert runners.calls == []
        assert (await asyncio.wait_for(made.run(sample(9), 1), PATIENCE_SECONDS))["y"].shape == (1, 2)
        assert len(runners.calls) == 1

    try:
        asyncio.run(main())
    finally:
        link.end()
        for thread in threads:
            thread.join()
        link.close()


def test_a_runner_that_loads_and_ends_at_once_is_not_there() -> None:
    """What it said before is read with the news of its end."""
    link = Link({"slots": 1, "bytes": 64, "inputs": [], "outputs": []})

    async def main() -> None:
        server = runner_link.RunnerLink(link.servers_option, asyncio.get_running_loop())
        Runners(link).say({"loaded": True})
        server.gone()
        await asyncio.sleep(0.05)
        assert not server.loaded.is_set()

    try:
        asyncio.run(main())
    finally:
        link.close()


def test_a_runner_that_hangs_is_told_of_and_keeps_its_slot_until_it_has_ended(tmp_path: Path) -> None:
    hangs: list[int] = []

    async def use(made: Any, link: Any, session: Tripling) -> None:
        made.calls._hangs = lambda: (hangs.append(1), made.queue.close(made.calls, "away"), link.hung())
        with pytest.raises(problems.Problem, match=r"has not answered within 0\.2 s") as problem:
            await made.run(sample(1), 1)
        assert problem.value.kind.status == 503
        assert not made.idle  # it may still write into its slot
        with pytest.raises(problems.Problem, match="has ended, and is started again"):
            await made.run(sample(2), 1)
        assert hangs == [1]
        link.gone()
        await settled(lambda: made.idle)

    serving(tmp_path, 1, use, patience=0.2)


def test_who_has_waited_too_long_is_told_instead_of_run(tmp_path: Path) -> None:
    async def use(made: Any, link: Any, session: Tripling) -> None:
        tasks = [asyncio.create_task(made.run(sample(number), 1)) for number in range(3)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        made.queue._waiting[0].since -= 700
        session.may.set()
        with pytest.raises(problems.Problem, match="the model has been busy for more than 600 s"):
            await tasks[2]
        assert [(await one)["y"][0, 0] for one in tasks[:2]] == [0, 3]

    session, _ = serving(tmp_path, 1, use)
    assert session.samples == [1, 1]


def test_two_runners_share_what_waits_and_one_that_ends_leaves_it_to_the_other(tmp_path: Path) -> None:
    sessions, measured = (Tripling(), Tripling()), Measured()
    with runner(tmp_path, 1, sessions[0]) as one, runner(tmp_path, 1, sessions[1]) as other:

        async def main() -> None:
            links = [runner_link.RunnerLink(link.servers_option, asyncio.get_running_loop()) for link in (one, other)]
            for link in links:
                await link.loaded.wait()
            queue = waiting.Queue(1, shared=False, most=4, patience=600.0)
            runners = [
                calls.Calls(
                    link,
                    1,
                    measured,
                    whole=False,
                    patience=600.0,
                    more=queue.offer,
                    back=queue.put_back,
                    hangs=unexpected,
                )
                for link in links
            ]
            assert not queue.is_open
            with pytest.raises(problems.Problem, match="has ended, and is started again"):
                await queue.run(sample(0), 1)
            for each in runners:
                queue.open(each)
            tasks = [asyncio.create_task(queue.run(sample(number), 1)) for number in range(8)]
            await asyncio.sleep(0)
            # Two calls each, in turn: no runner has two while the other has none.
            assert [each.running for each in runners] == [2, 2]
            queue.close(runners[0], "away")
            links[0].gone()
            # What it ran is lost, and what it had not begun is the other's.
            with pytest.raises(problems.Problem, match=runner_link.ENDED):
                await tasks[0]
            sessions[1].may.set()
            assert [(await each)["y"][0, 0] for each in tasks[1:]] == [3, 6, 9, 12, 15, 18, 21]
            assert len(sessions[1].samples) == 7

        asyncio.run(main())


class Golden:
    """Golden samples of one request, which come out right."""

    def __init__(self, link: Any) -> None:
        self.link = link

    async def wrong(self, run: Callable[..., Awaitable[Any]]) -> None:
        await run(sample(1), 1)


class Counted(Measured):
    """Keeps how many runners answered last."""

    runners = 0

    def ready(self, runners: int) -> None:
        self.runners = runners


def test_a_runner_that_ends_with_its_last_golden_answer_is_not_proved(tmp_path: Path) -> None:
    """The news of its end and its answer come together: it takes no requests, and the next one takes them once."""
    session, measured = Tripling(), Counted()
    with runner(tmp_path, 1, session) as link:

        async def main() -> None:
            server = runner_link.RunnerLink(link.servers_option, asyncio.get_running_loop())
            queue = waiting.Queue(1, shared=False, most=4, patience=600.0)
            one = runners.Runner(
                "0.1", server, queue, Golden(server), measured, whole=False, patience=600.0, hung=unexpected
            )
            proof = asyncio.create_task(one.prove())
            await settled(lambda: server._made == 1)
            session.may.set()
            # The loop hears nothing meanwhile.
            assert select.select([server._replies], [], [], PATIENCE_SECONDS)[0]
            one.gone("it has crashed")
            with pytest.raises(problems.Problem, match=runner_link.ENDED):
                await proof
            assert (queue.is_open, queue.unready, measured.runners) == (False, "it has crashed", 0)
            server.loaded.set()  # the next one is there
            assert await one.prove() is None
            assert (queue.runners, measured.runners) == (1, 1)
            queue.open(one._calls)
            assert queue.runners == 1
            one.gone("it has crashed again")
            assert (queue.is_open, measured.runners) == (False, 0)

        asyncio.run(main())


def test_a_link_forgets_what_was_left_unread() -> None:
    link = Link({"slots": 1, "bytes": 64, "inputs": [], "outputs": []})
    try:
        os.write(link.servers_ends[0], json.dumps({"call": 1}).encode() + b"\n")
        link.forget_requests()
        link.end()
        assert json.loads(os.read(link.runners_ends.workers_ends[0], 1 << 16)) == {"end": True}
    finally:
        link.close()
