"""One of a model's runners: proved by itself, it answers what waits for the model."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from calls import Calls

if TYPE_CHECKING:
    from model import Model
    from runner_link import RunnerLink


class Runner:
    """Behind `link`. `hung` is called with its `id` where it does not answer within `patience` seconds."""

    def __init__(
        self, id: str, link: "RunnerLink", model: "Model", patience: float, hung: Callable[[str], None]
    ) -> None:
        self.id, self.link, self._model, self._hung = id, link, model, hung
        self._calls = Calls(
            link,
            model.capacity,
            model.measures,
            whole=model.whole,
            patience=patience,
            more=model.queue.offer,
            hangs=self._hangs,
        )

    def started(self) -> None:
        """A process of it was started."""
        self._model.measures.started()

    async def prove(self) -> str | None:
        """Run the golden samples by the way that requests take; the reason where they come out wrong.

        Where they come out right it takes requests. Raises Problem where it ends meanwhile.
        """
        await self.link.loaded.wait()
        wrong = await self._model.golden.wrong(self._calls.run)
        if wrong is None:
            self._model.queue.open(self._calls)
            self._model.measures.ready(True)
        else:
            self._model.unready = wrong
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
        self._model.unready = reason
        self._model.queue.close(self._calls)
        self._model.measures.ready(self._model.ready)
