"""One of a model's runners: proved by itself, it answers what waits for the model."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from calls import Calls
from problems import AWAY, Problem
from runner_link import ENDED

if TYPE_CHECKING:
    from golden_samples import GoldenSamples
    from measures import Measures
    from runner_link import RunnerLink
    from waiting import Queue


class Runner:
    """Behind `link`. `whole`: its calls are of as many samples as the queue's capacity, never fewer.

    `hung` is called with its `id` where it does not answer within `patience` seconds.
    """

    def __init__(
        self,
        id: str,
        link: "RunnerLink",
        queue: "Queue",
        golden: "GoldenSamples",
        measures: "Measures",
        *,
        whole: bool,
        patience: float,
        hung: Callable[[str], None],
    ) -> None:
        self.id, self.link = id, link
        self._queue, self._golden, self._measures, self._hung = queue, golden, measures, hung
        self._calls = Calls(
            link,
            queue.capacity,
            measures,
            whole=whole,
            patience=patience,
            more=queue.offer,
            back=queue.put_back,
            hangs=self._hangs,
        )

    def started(self) -> None:
        """A process of it was started."""
        self._measures.started()

    async def prove(self) -> str | None:
        """Run the golden samples by the way that requests take; the reason where they come out wrong.

        Where they come out right it takes requests. Raises Problem where it ends meanwhile.
        """
        await self.link.loaded.wait()
        wrong = await self._golden.wrong(self._calls.run)
        if not self.link.loaded.is_set():
            # It has ended since its last answer.
            raise Problem(ENDED, AWAY)
        if wrong is None:
            self._queue.open(self._calls)
            self._measures.ready(self._queue.runners)
        else:
            self._close(wrong)
        return wrong

    def gone(self, reason: str) -> None:
        """It has ended: it answers again once another one is proved in its place."""
        self._close(reason)
        self.link.gone()

    def _hangs(self) -> None:
        self._close("its runner does not answer, and is started again")
        self.link.hung()
        self._hung(self.id)

    def _close(self, reason: str) -> None:
        self._queue.close(self._calls, reason)
        self._measures.ready(self._queue.runners)
