"""Requests that wait for a runner of their model: in order, bounded, together in a call where it takes several."""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from problems import AWAY, BUSY, Problem
from runner_link import ENDED

Arrays = dict[str, np.ndarray]


@dataclass
class Waiting:
    """A request's samples, `count` of them, and where their outputs go."""

    inputs: Arrays
    count: int
    answer: "asyncio.Future[Arrays]"
    since: float


def waiting(inputs: Arrays, count: int) -> Waiting:
    """A request from now on."""
    return Waiting(inputs, count, asyncio.get_running_loop().create_future(), time.perf_counter())


class Answering(Protocol):
    """A runner's calls, as a queue sees them."""

    @property
    def running(self) -> int:
        """How many have not ended."""
        ...

    @property
    def has_room(self) -> bool:
        """Whether another one may be made."""
        ...

    def make(self, together: list[Waiting]) -> None:
        """Make one of requests."""
        ...


class Queue:
    """What waits. `capacity`: samples that one call takes; `shared`: whether several requests may be in one call.

    `most`: requests that may wait. `patience`: seconds after which one waits no more. `unready`: why it is not open.
    """

    def __init__(self, capacity: int, *, shared: bool, most: int, patience: float) -> None:
        self.capacity, self._shared, self._most, self._patience = capacity, shared, most, patience
        self.unready = "the model is being loaded"
        self._waiting: deque[Waiting] = deque()
        self._runners: list[Answering] = []

    @property
    def is_open(self) -> bool:
        """Whether a runner takes requests."""
        return bool(self._runners)

    @property
    def runners(self) -> int:
        """How many take requests."""
        return len(self._runners)

    def open(self, runner: Answering) -> None:
        """A runner takes requests from now on."""
        if runner not in self._runners:
            self._runners.append(runner)
        self.offer()

    def close(self, runner: Answering, reason: str) -> None:
        """A runner takes no more, or will take none. What waits is told where there is no other one."""
        self.unready = reason
        if runner in self._runners:
            self._runners.remove(runner)
        if not self._runners:
            fail(self._waiting, Problem(ENDED, AWAY))
            self._waiting.clear()

    async def run(self, inputs: Arrays, count: int) -> Arrays:
        """The outputs of `count` samples, at most as many as one call takes.

        Raises Problem where too many wait, or where the runner ends or hangs.
        """
        if not self._runners:
            raise Problem(ENDED, AWAY)
        if len(self._waiting) >= self._most:
            raise Problem(f"{self._most} requests wait already", BUSY)
        one = waiting(inputs, count)
        self._waiting.append(one)
        self.offer()
        return await one.answer

    def put_back(self, requests: list[Waiting]) -> None:
        """Requests whose call ended before it began are the next ones, or are told where no runner is left."""
        if not self._runners:
            fail(requests, Problem(ENDED, AWAY))
        else:
            self._waiting.extendleft(reversed(requests))
            self.offer()

    def offer(self) -> None:
        """Have calls made of what waits, as many as the runners may have: the next one of who has the fewest."""
        while self._waiting and (able := [one for one in self._runners if one.has_room]):
            if not (together := self._together()):
                return
            min(able, key=lambda one: one.running).make(together)

    def _together(self) -> list[Waiting]:
        """The requests of the next call, in their order; those that nobody waits for any more are left out.

        Those that have waited too long are told: calls end in time, or with their runner, so that this is looked at.
        """
        found: list[Waiting] = []
        latest = time.perf_counter() - self._patience
        room = self.capacity
        while self._waiting and self._waiting[0].count <= room and (self._shared or not found):
            one = self._waiting.popleft()
            if one.since < latest:
                fail([one], Problem(f"the model has been busy for more than {self._patience:g} s", AWAY))
            elif not one.answer.done():
                found.append(one)
                room -= one.count
        return found


def fail(requests: Sequence[Waiting] | deque[Waiting], problem: Problem) -> None:
    """End requests that somebody still waits for with a problem, each with an exception of its own."""
    for one in requests:
        if not one.answer.done():
            one.answer.set_exception(Problem(problem.message, problem.kind))
