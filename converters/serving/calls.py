"""The calls of one runner: requests in a slot of the memory that both share, and their answers out of it."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from problems import AWAY, Problem
from waiting import Arrays, Waiting, fail, waiting

if TYPE_CHECKING:
    from measures import Measures
    from runner_link import RunnerLink

DEPTH = 2
"""Calls that a runner has at once: one that runs, and one that it finds when that ends."""


@dataclass(eq=False)
class Call:
    """A call that was made: the requests in it, and when; `filled` samples lie in its slot."""

    slot: int
    together: list[Waiting]
    filled: int
    made: float
    late: asyncio.TimerHandle | None = None


class Calls:
    """`capacity`: samples that a call takes; `whole`: it takes no fewer, and is filled up. `more` is called where there
    is room for another one, `back` with the requests of a call that had not begun when the runner ended.

    `patience`: seconds that a call may take before the runner hangs. `hangs` is called then: the runner is to be ended,
    and `link` told.
    """

    def __init__(
        self,
        link: "RunnerLink",
        capacity: int,
        measures: "Measures",
        *,
        whole: bool,
        patience: float,
        more: Callable[[], None],
        back: Callable[[list[Waiting]], None],
        hangs: Callable[[], None],
    ) -> None:
        self._more, self._back, self._hangs, self._patience = more, back, hangs, patience
        self._link, self._capacity, self._whole = link, capacity, whole
        self._free = list(range(link.slot_count))
        # They end in this order: the first one runs, others have not begun.
        self._running: list[Call] = []
        self._measures = measures
        self._loop = asyncio.get_running_loop()

    @property
    def running(self) -> int:
        """How many calls have not ended."""
        return len(self._running)

    @property
    def has_room(self) -> bool:
        """Whether another call may be made."""
        return bool(self._free) and len(self._running) < DEPTH

    async def run(self, inputs: Arrays, count: int) -> Arrays:
        """The outputs of samples for this very runner, which has room. Raises Problem where it ends or hangs."""
        one = waiting(inputs, count)
        self.make([one])
        return await one.answer

    def make(self, together: list[Waiting]) -> None:
        """Make a call of requests; there is room for it."""
        slot, now = self._free.pop(), time.perf_counter()
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
        self._running.append(call)
        if call is self._running[0]:
            self._begins(call)

    def _begins(self, call: Call) -> None:
        call.late = self._loop.call_later(self._patience, self._is_late, call)

    def _is_late(self, call: Call) -> None:
        """It should have ended. Until it has, the runner may still write into its slot."""
        self._hangs()
        fail(call.together, Problem(f"the model has not answered within {self._patience:g} s", AWAY))

    def _ended(self, call: Call, ended: float | Problem) -> None:
        """A call has ended, after so many seconds in the runtime, or with its runner."""
        begun = call.late is not None
        if call.late is not None:
            call.late.cancel()
        if isinstance(ended, Problem):
            if begun:
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
        self._running.remove(call)
        if isinstance(ended, Problem) and not begun:
            self._back(call.together)
        elif not isinstance(ended, Problem) and self._running:
            self._begins(self._running[0])
        self._more()
        if not isinstance(ended, Problem):
            # After the answers, which go out in the loop's next turn.
            self._loop.call_later(0, self._measured, call, ended)

    def _measured(self, call: Call, seconds: float) -> None:
        count, waited = sum(one.count for one in call.together), [call.made - one.since for one in call.together]
        self._measures.called(count, seconds, waited)
