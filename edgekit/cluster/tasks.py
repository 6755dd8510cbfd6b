"""Runs one task on the cluster and waits for it: started again where its machine was lost, cancelled where asked."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from edgekit.cluster.absent import INSTALL
from edgekit.cluster.connection import ClusterGone, Connection, first_line
from edgekit.cluster.needs import CPU, Needs, Node
from edgekit.errors import AbsentError, WorkerError
from edgekit.toolchain.worker import Cancelled

T = TypeVar("T")
NeedsNow = Callable[[Sequence[Node]], Needs]
"""What a task takes, on the machines that are there; raises where none has it."""

RETRIES = 4
"""So often a task is started again that was lost with its machine."""
POLL_SECONDS = 0.2
LOOK_SECONDS = 3.0
"""Between two looks at which machines there are."""
CANCEL_SECONDS = 10.0
"""What a task gets to clear away before its process is killed."""


@dataclass
class Tasks:
    """Tasks of one connection. Its methods are called from several threads."""

    connection: Connection
    lock: threading.Lock = field(default_factory=threading.Lock)
    looked: float = 0.0
    seen: list[dict[str, float]] = field(default_factory=list)
    gone: ClusterGone | None = None

    def nodes(self) -> list[dict[str, float]]:
        """What each machine offers, as it was a moment ago. Raises ClusterGone, and once it has, at once."""
        with self.lock:
            if self.gone is not None:
                raise ClusterGone(str(self.gone))
            if time.monotonic() - self.looked > LOOK_SECONDS:
                try:
                    self.seen, self.looked = self.connection.nodes(), time.monotonic()
                except ClusterGone as error:
                    self.gone = error
                    raise
            return self.seen

    def able(self) -> list[dict[str, float]]:
        """Those that have a core. Raises ClusterGone where there is none."""
        found = [node for node in self.nodes() if node.get(CPU, 0) >= 1]
        if not found:
            raise ClusterGone("none of its machines has a core")
        return found

    def cores(self) -> int:
        """Those of all machines together."""
        return max(1, int(sum(node.get(CPU, 0) for node in self.nodes())))

    def run(self, task: Callable[[Any], T], order: Any, needs_now: NeedsNow, cancelled: threading.Event) -> T:
        """What `task` returns for `order`, on a machine that has what it needs.

        Raises Cancelled, AbsentError where no machine has that, WorkerError where each machine that it ran on was lost,
        ClusterGone.
        """
        ray = self.connection.ray
        try:
            return ray.get(self.awaited(task, order, needs_now, cancelled))
        except ray.exceptions.TaskCancelledError:
            raise Cancelled from None
        except (ray.exceptions.WorkerCrashedError, ray.exceptions.NodeDiedError, ray.exceptions.OutOfMemoryError):
            raise WorkerError(f"the process that it ran in was lost {RETRIES + 1} times") from None
        except ray.exceptions.RayTaskError as error:
            cause = f"{type(error.cause).__name__}: {first_line(error.cause)}"
            raise AbsentError(
                f"a machine of the cluster cannot run edgekit's tasks ({cause})",
                f"Install the same edgekit on every machine: {INSTALL}.",
            ) from None
        except ray.exceptions.RayError as error:
            raise ClusterGone(first_line(error)) from None

    def awaited(self, task: Callable[[Any], Any], order: Any, needs_now: NeedsNow, cancelled: threading.Event) -> Any:
        """Ray's reference to what a task has ended with."""
        ray = self.connection.ray

        def start() -> tuple[Needs, Any]:
            needs = needs_now(self.able())
            return needs, ray.remote(task).options(**needs.options(), max_retries=RETRIES).remote(order)

        needs, reference = start()
        while not ray.wait([reference], timeout=POLL_SECONDS)[0]:
            if cancelled.is_set():
                self.cancel(reference)
                raise Cancelled
            if not any(needs.fit(node) for node in self.nodes()):
                # The machines that could have run it are gone: Ray would wait for others.
                self.cancel(reference)
                needs, reference = start()
        return reference

    @contextmanager
    def errors_told(self) -> Iterator[None]:
        """Turn ClusterGone into an error for the user, which ends the command: no stage is to blame."""
        try:
            yield
        except ClusterGone as error:
            raise AbsentError(
                f"the cluster {self.connection.address} has gone: {error}",
                "Run the command again on another one, with the same --store: what was finished is not made again.",
            ) from None

    def cancel(self, reference: Any) -> None:
        """Interrupt a task, and end its process where that is not enough."""
        ray = self.connection.ray
        ray.cancel(reference)
        if not ray.wait([reference], timeout=CANCEL_SECONDS)[0]:
            ray.cancel(reference, force=True)
