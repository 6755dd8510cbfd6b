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


@dataclass(eq=False)
class Call:
    """A call that was made: the requests in it, and when; `filled` samples lie in its slot."""

    slot: int
    together: list[Waiting]
    filled: int
    made: float
    late: asyncio.TimerHandle | None = None


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
        self._running: set[Call] = set()
        self._measures = measures
        self._loop = asyncio.get_running_loop()

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
        one = Waiting(inputs, count, self._loop.create_future(), time.perf_counter())
        self._waiting.append(one)
        self._start()
        return await one.answer

    def _start(self) -> None:
        """Make calls of what waits, as many as the runner may have."""
        while self._waiting and self._free and len(self._running) < DEPTH and (together := self._together()):
            self._call(self._free.pop(), together)

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

    def _call(self, slot: int, together: list[Waiting]) -> None:
        """Make a call of these requests."""
        now = time.perf_counter()
        count = sum(one.count for one in together)
        call = Call(slot, together, self._capacity if self._whole else count, now)
        for name, place in self._link.slots.inputs(slot, call.filled).items():
            start = 0
            for one in together:
                place[start : start + one.count] = one.inputs[name]
                start += one.count
            place[start:] = place[start - 1]
        try:
            self._link.call(slot, call.filled, lambda ended: self._ended(call, ended))
        except Problem as problem:
            self._free.append(slot)
            fail(together, problem)
            return
        self._running.add(call)
        # Those before it have as long, each.
        call.late = self._loop.call_later(self._patience * len(self._running), self._is_late, call)

    def _is_late(self, call: Call) -> None:
        """It should have ended. Until it has, the runner may still write into its slot."""
        self._hangs()
        fail(call.together, Problem(f"the model has not answered within {self._patience:g} s", AWAY))

    def _ended(self, call: Call, ended: float | Problem) -> None:
        """A call has ended, after so many seconds in the runtime, or with its runner."""
        assert call.late is not None
        call.late.cancel()
        if isinstance(ended, Problem):
            fail(call.together, ended)
        else:
            outputs, start = self._link.slots.outputs(call.slot, call.filled), 0
            for one in call.together:
                if not one.answer.done():
                    # Copied: the next call writes over it.
                    part = slice(start, start + one.count)
                    one.answer.set_result({name: value[part].copy() for name, value in outputs.items()})
                start += one.count
        self._free.append(call.slot)
        self._running.discard(call)
        self._start()
        if not isinstance(ended, Problem):
            # After the answers, which go out in the loop's next turn.
            self._loop.call_later(0, self._measured, call, ended)

    def _measured(self, call: Call, seconds: float) -> None:
        count, waited = sum(one.count for one in call.together), [call.made - one.since for one in call.together]
        self._measures.called(count, seconds, waited)


def fail(requests: Sequence[Waiting], problem: Problem) -> None:
    """End requests that somebody still waits for with a problem, each with an exception of its own."""
    for one in requests:
        if not one.answer.done():
            one.answer.set_exception(Problem(problem.message, problem.kind))
