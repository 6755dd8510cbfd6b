"""Runs one task on the cluster and waits for it: started again where its machine was lost, cancelled where asked."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from edgekit.cluster.connection import Connection, first_line
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

    def nodes(self) -> list[dict[str, float]]:
        """What each machine offers, as it was a moment ago."""
        with self.lock:
            if time.monotonic() - self.looked > LOOK_SECONDS:
                self.seen, self.looked = self.connection.nodes(), time.monotonic()
            return self.seen

    def cores(self) -> int:
        """Those of all machines together."""
        return max(1, int(sum(node.get(CPU, 0) for node in self.nodes())))

    def run(self, task: Callable[[Any], T], order: Any, needs_now: NeedsNow, cancelled: threading.Event) -> T:
        """What `task` returns for `order`, on a machine that has what it needs.

        Raises Cancelled, AbsentError where no machine has that or the cluster has gone, WorkerError where each machine
        that it ran on was lost.
        """
        ray = self.connection.ray
        remote = ray.remote(task)
        needs = needs_now(self.nodes())
        reference = remote.options(**needs.options(), max_retries=RETRIES).remote(order)
        while not (done := ray.wait([reference], timeout=POLL_SECONDS)[0]):
            if cancelled.is_set():
                self.cancel(reference)
                raise Cancelled
            if not any(needs.fit(node) for node in self.nodes()):
                # The machines that could have run it are gone: Ray would wait for others.
                self.cancel(reference)
                needs = needs_now(self.nodes())
                reference = remote.options(**needs.options(), max_retries=RETRIES).remote(order)
        try:
            return ray.get(done[0])
        except ray.exceptions.TaskCancelledError:
            raise Cancelled from None
        except (ray.exceptions.WorkerCrashedError, ray.exceptions.NodeDiedError, ray.exceptions.OutOfMemoryError):
            raise WorkerError(f"the process that it ran in was lost {RETRIES + 1} times") from None
        except ray.exceptions.RayTaskError as error:
            cause = f"{type(error.cause).__name__}: {first_line(error.cause)}"
            raise AbsentError(
                f"a machine of the cluster cannot run edgekit's tasks ({cause})",
                "Install the same edgekit with `pip install 'edgekit[ray]'` on every machine.",
            ) from None
        except ray.exceptions.RayError as error:
            raise AbsentError(
                f"the cluster has gone: {first_line(error)}",
                "Run the command again on another one: what is in the shared store is not made again.",
            ) from None

    def cancel(self, reference: Any) -> None:
        """Interrupt a task, and end its process where that is not enough."""
        ray = self.connection.ray
        ray.cancel(reference)
        if not ray.wait([reference], timeout=CANCEL_SECONDS)[0]:
            ray.cancel(reference, force=True)
