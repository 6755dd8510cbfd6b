"""How long the rest takes, judged by what is done."""

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from edgekit.devices.remote_machine import AnyMachine
from edgekit.pipeline.outcome import Event
from edgekit.pipeline.stage import Stage

# Relative costs of a stage: a constant part and one per million parameters. Conversions share the machine and are
# counted at half; a timed run has it to itself. From HRNet_W64_C (128 M: 9 s a conversion at two cores, 14 s a
# run) and ResNet18 (12 M: 0.7 s and 2.5 s). Only the ratios matter: the time of what is done sets the scale.
CONVERSION = (0.5, 0.07)
RUN = (1.5, 0.10)
# An emulated run of two samples, by 10^9 multiplications and additions of one; a start takes some seconds.
EMULATED = (5.0, 16.0)
USUAL_FLOPS_G = 4.0  # of a network of which nothing was published


def stage_cost(million_parameters: float, *, run: bool) -> float:
    """The relative cost of one stage of a network."""
    constant, each = RUN if run else CONVERSION
    return constant + each * million_parameters


def emulated_cost(flops_g: float | None, scale: float) -> float:
    """The relative cost of a run on an emulated machine: `flops_g` as published, `scale` times as many pixels."""
    constant, each = EMULATED
    return constant + each * scale * (flops_g or USUAL_FLOPS_G)


@dataclass
class Estimate:
    """Counts the cost of what is expected, done, and left. Fed by the events of the run, from several threads.

    Work is known by the group of models that shares it, its worker and the machine that it runs on: before a conversion
    is done nobody knows the key of the run that verifies it.
    """

    started: float = field(default_factory=time.monotonic)
    left_by_work: dict[tuple[str, str, AnyMachine | None], float] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    begun: set[str] = field(default_factory=set)
    done: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def expect(self, group: str, worker: str, cost: float, machine: AnyMachine | None = None) -> None:
        """Count work that is to come; `machine` is an emulated one."""
        work = group, worker, machine
        with self.lock:
            self.left_by_work[work] = self.left_by_work.get(work, 0.0) + cost

    def own(self, group: str, stages: Iterable[Stage]) -> None:
        """Say which group the stages, and those before them, belong to."""
        with self.lock:
            for stage in stages:
                self.owners[stage.key] = group
                for before in stage.dependencies():
                    self.owners.setdefault(before.key, group)
                    for first in before.dependencies():
                        self.owners.setdefault(first.key, group)

    def drop(self, group: str) -> None:
        """Nothing more is to come of a group."""
        with self.lock:
            for work in [work for work in self.left_by_work if work[0] == group]:
                del self.left_by_work[work]

    def observe(self, event: Event) -> None:
        """Count a stage as done once it has run. One from the cache, or that could not start, was no work."""
        key = event.stage.key
        with self.lock:
            if event.kind == "started":
                self.begun.add(key)
                return
            work = self.owners.get(key, ""), event.stage.worker, event.stage.machine
            cost = self.left_by_work.pop(work, 0.0)
            if key in self.begun:
                self.done += cost

    def seconds_left(self, now: float | None = None) -> float | None:
        """The time that what is left takes at the speed of what is done; None before anything is done."""
        with self.lock:
            if self.done <= 0:
                return None
            elapsed = (time.monotonic() if now is None else now) - self.started
            return elapsed / self.done * sum(self.left_by_work.values())
