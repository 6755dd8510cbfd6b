"""An executor whose stages are made by the machines of a cluster. Which stage comes when is the schedule's, as ever."""

import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial

from edgekit.cluster.needs import needs_of
from edgekit.cluster.parcel import can_travel, send
from edgekit.cluster.sharing_store import SharingStore
from edgekit.cluster.stage_task import StageOrder, make_stage
from edgekit.cluster.tasks import Tasks
from edgekit.errors import ConversionError
from edgekit.pipeline.execute import Executor
from edgekit.pipeline.outcome import Outcomes
from edgekit.pipeline.schedule import Job, Schedule
from edgekit.pipeline.stage import SourceFile, Stage
from edgekit.pipeline.store import StageResult

WAITING = 2048
"""Tasks that are waited for at once, each by a thread that sleeps."""
ATTEMPTS = 2
"""A stage whose output was damaged on its way is asked for again."""


@dataclass
class ClusterExecutor(Executor):
    """Runs stages as `tasks`, at most `most` cores of them at a time where that is said.

    `store` is a SharingStore, or without one the store of this machine, which is then all that the cluster has.
    """

    tasks: Tasks = field(kw_only=True)
    most: int | None = field(default=None, kw_only=True)

    def work(self, jobs: Iterable[Job], window: int = 1) -> Outcomes:
        """As of one machine; the memory of each machine is Ray's to keep."""
        with self.tasks.errors_told(), ThreadPoolExecutor(WAITING, thread_name_prefix="task") as pool:
            schedule = Schedule(self.store, self.make, pool, self.room, None, self.observe, apart=True)
            return schedule.drive(iter(jobs), window)

    def room(self) -> int:
        """The cores that there are now."""
        cores = self.tasks.cores()
        return cores if self.most is None else min(cores, self.most)

    def make(self, stage: Stage, cancelled: threading.Event) -> StageResult:
        """Have a stage made, and take its output from the shared store.

        What is made of a folder that is no stage's output, such as a user's library, is made on this machine.
        """
        store = self.store
        if not can_travel(stage, store.root):
            return super().make(stage, cancelled)
        for _ in range(ATTEMPTS):
            order = StageOrder(stage, stage.key, None, self.toolchain.offline)
            if isinstance(store, SharingStore):
                given = {role: value for role, value in stage.inputs.items() if isinstance(value, SourceFile)}
                sent = {role: send(value, store) for role, value in given.items()}
                order = replace(order, url=store.shared.url, sent=sent)
            reply = self.tasks.run(make_stage, order, partial(needs_of, stage), cancelled)
            for line in reply.said:
                self.toolchain.notify(f"{reply.host}: {line}")
            cached = reply.result(store.cache)
            if (found := store.find(stage)) is not None:
                return replace(found, cached=cached)
        raise ConversionError(
            "what other machines put into the shared store does not arrive as it was made",
            "Is every machine given the same place, and its disk sound?",
        )

    def window(self, jobs: int) -> int:
        """So many for each machine."""
        return jobs * max(1, len(self.tasks.nodes()))

    @property
    def where(self) -> str:
        """Timed stages have a machine to themselves, which need not be this one."""
        if self.tasks.connection.local:
            return ""
        return ", on one of the cluster's largest machines"
