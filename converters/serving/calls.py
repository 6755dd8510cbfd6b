"""From requests to calls: they wait in order, share a call where the model takes several samples, and are bounded."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from problems import AWAY, BUSY, Problem

if TYPE_CHECKING:
    from measures import Measures
    from runner_link import RunnerLink

DEPTH = 2
"""Calls that a runner has at once: one that runs, and one that it finds when that ends."""

Arrays = dict[str, np.ndarray]


@dataclass
class Waiting:
    """A request's samples, `count` of them, and where their outputs go."""

    inputs: Arrays
    count: int
    answer: "asyncio.Future[Arrays]"
    since: float


class Calls:
    """The calls of one model. `capacity`: samples that one takes; `whole`: it takes no fewer, and is filled up.

    `waiting`: requests that may wait. `shared`: whether several may be in one call. `patience`: seconds after which a
    request waits no more, and a runner that has one call hangs. `hangs` is called then: the runner is to be ended, and
    `link` told.
    """

    def __init__(
        self,
        link: "RunnerLink",
        slots: int,
        capacity: int,
        measures: "Measures",
        *,
        whole: bool,
        shared: bool,
        waiting: int,
        patience: float,
        hangs: Callable[[], None],
    ) -> None:
        self._hangs, self._patience = hangs, patience
        self._link, self._capacity, self._whole, self._shared = link, capacity, whole, shared
        self._free, self._most = list(range(slots)), waiting
        self._waiting: deque[Waiting] = deque()
        self._running: set[asyncio.Task[None]] = set()
        self._measures = measures

    @property
    def idle(self) -> bool:
        """Whether nothing waits and nothing runs."""
        return not self._waiting and not self._running

    async def run(self, inputs: Arrays, count: int) -> Arrays:
        """The outputs of `count` samples, at most as many as one call takes.

        Raises Problem where too many wait, or where the runner ends or hangs.
        """
        if len(self._waiting) >= self._most:
            raise Problem(f"{self._most} requests wait already", BUSY)
        one = Waiting(inputs, count, asyncio.get_running_loop().create_future(), time.perf_counter())
        self._waiting.append(one)
        self._start()
        return await one.answer

    def _start(self) -> None:
        """Make calls of what waits, as many as the runner may have."""
        while self._waiting and self._free and len(self._running) < DEPTH:
            slot = self._free.pop()
            together = self._together()
            if not together:
                self._free.append(slot)
                return
            task = asyncio.create_task(self._call(slot, together))
            self._running.add(task)

    def _together(self) -> list[Waiting]:
        """The requests of the next call, in their order; those that nobody waits for any more are left out.

        Those that have waited too long are told: calls end in time, or with their runner, so that this is looked at.
        """
        found: list[Waiting] = []
        latest = time.perf_counter() - self._patience
        room = self._capacity
        while self._waiting and self._waiting[0].count <= room and (self._shared or not found):
            one = self._waiting.popleft()
            if one.since < latest:
                fail([one], Problem(f"the model has been busy for more than {self._patience:g} s", AWAY))
            elif not one.answer.done():
                found.append(one)
                room -= one.count
        return found

    async def _call(self, slot: int, together: list[Waiting]) -> None:
        now = time.perf_counter()
        count = sum(one.count for one in together)
        filled = self._capacity if self._whole else count
        places = self._link.slots.inputs(slot, filled)
        for name, place in places.items():
            start = 0
            for one in together:
                place[start : start + one.count] = one.inputs[name]
                start += one.count
            place[start:] = place[start - 1]
        try:
            ended = self._link.call(slot, filled)
            # Those before it have as long, each.
            await asyncio.wait([ended], timeout=self._patience * len(self._running))
            if not ended.done():
                self._hangs()
                fail(together, Problem(f"the model has not answered within {self._patience:g} s", AWAY))
            # Until it has ended, the runner may still write into the slot.
            seconds = await ended
        except Problem as problem:
            fail(together, problem)
        else:
            self._measures.called(count, seconds, [now - one.since for one in together])
            outputs, start = self._link.slots.outputs(slot, filled), 0
            for one in together:
                if not one.answer.done():
                    # Copied: the next call writes over it.
                    part = slice(start, start + one.count)
                    one.answer.set_result({name: value[part].copy() for name, value in outputs.items()})
                start += one.count
        finally:
            self._free.append(slot)
            task = asyncio.current_task()
            assert task is not None
            self._running.discard(task)
            self._start()


def fail(requests: Sequence[Waiting], problem: Problem) -> None:
    """End requests that somebody still waits for with a problem, each with an exception of its own."""
    for one in requests:
        if not one.answer.done():
            one.answer.set_exception(Problem(problem.message, problem.kind))
