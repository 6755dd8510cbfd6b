"""Ray, as far as `Tasks` uses it: no process is started, and tasks end as a test says.

Ray itself is not imported: it reads once in a process whether clusters ask for a token, when it is first imported.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

MACHINE = {"CPU": 2.0, "memory": 8.0 * (1 << 30)}


class RayError(Exception):
    """As Ray's own, which the others are kinds of."""


class TaskCancelledError(RayError):
    """As Ray's."""


class WorkerCrashedError(RayError):
    """As Ray's."""


class NodeDiedError(RayError):
    """As Ray's."""


class OutOfMemoryError(RayError):
    """As Ray's."""


class RaySystemError(RayError):
    """As Ray's."""


class RayTaskError(RayError):
    """As Ray's: what a task raised is its `cause`."""

    def __init__(self, cause: Exception) -> None:
        super().__init__("a traceback")
        self.cause = cause


KINDS = (
    RayError,
    TaskCancelledError,
    WorkerCrashedError,
    NodeDiedError,
    OutOfMemoryError,
    RaySystemError,
    RayTaskError,
)


@dataclass
class FakeRay:
    """A cluster of `machines`, what each offers. `end` gets a task's number, the task and its order: returns what it
    returns, raises what it raises, or gives RUNNING. `wait` is called at each look at a task."""

    end: Callable[[int, Callable[[Any], Any], Any], Any] = lambda number, task, order: task(order)
    machines: list[dict[str, float]] = field(default_factory=lambda: [MACHINE])
    look: Callable[[], None] = lambda: None
    options: list[dict[str, Any]] = field(default_factory=list)
    tasks: list[tuple[Callable[[Any], Any], Any]] = field(default_factory=list)
    cancelled: list[tuple[int, bool]] = field(default_factory=list)
    ended: dict[int, Any] = field(default_factory=dict)
    exceptions: Any = field(default_factory=lambda: SimpleNamespace(**{kind.__name__: kind for kind in KINDS}))

    def nodes(self) -> list[dict[str, Any]]:
        """As ray.nodes."""
        return [{"Alive": True, "Resources": one} for one in self.machines] + [{"Alive": False, "Resources": MACHINE}]

    def remote(self, task: Callable[[Any], Any]) -> "FakeRemote":
        """As ray.remote of a function."""
        return FakeRemote(self, task)

    def wait(self, references: Sequence[int], timeout: float) -> tuple[list[int], list[int]]:
        """As ray.wait, without waiting."""
        self.look()
        for number in references:
            if number not in self.ended:
                try:
                    self.ended[number] = self.end(number, *self.tasks[number])
                except BaseException as error:
                    self.ended[number] = error
            if self.ended[number] is RUNNING:
                del self.ended[number]
        done = [number for number in references if number in self.ended]
        return done, [number for number in references if number not in done]

    def get(self, reference: int) -> Any:
        """As ray.get."""
        if isinstance(found := self.ended[reference], BaseException):
            raise found
        return found

    def cancel(self, reference: int, *, force: bool = False) -> None:
        """As ray.cancel."""
        self.cancelled.append((reference, force))


RUNNING = object()
"""What a task gives that has not ended."""


@dataclass
class FakeRemote:
    """As what ray.remote returns."""

    ray: FakeRay
    task: Callable[[Any], Any]
    chosen: dict[str, Any] = field(default_factory=dict)

    def options(self, **chosen: Any) -> "FakeRemote":
        """The same with options."""
        return FakeRemote(self.ray, self.task, chosen)

    def remote(self, order: Any) -> int:
        """The task's number."""
        self.ray.tasks.append((self.task, order))
        self.ray.options.append(self.chosen)
        return len(self.ray.tasks) - 1
