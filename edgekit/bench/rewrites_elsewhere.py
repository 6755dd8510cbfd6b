"""Rewrites for speed on a phone or a board: the versions of a graph run there in turn, each in a process of its own."""

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from edgekit.artifact.manifest import Manifest
from edgekit.bench.emulated import EmulatedRun, emulated_runs
from edgekit.bench.ratio import FEWEST
from edgekit.bench.run import Timing, device_options
from edgekit.devices.remote_machine import RemoteMachine
from edgekit.errors import ConversionError
from edgekit.native.plan import PARAM, Layers, layers_stage
from edgekit.pipeline.execute import Executor
from edgekit.pipeline.plan import Plan
from edgekit.pipeline.stage import StageFile
from edgekit.pipeline.target import Target

ROUNDS = FEWEST + 2
"""In which each version runs once: an interval needs `FEWEST`."""
LEAST_CALLS = 3


def times_there(
    versions: Sequence[tuple[Plan, Manifest]],
    target: Target,
    machine: RemoteMachine,
    executor: Executor,
    timing: Timing,
) -> dict[str, list[list[float]]]:
    """The p50 in milliseconds of each version in each round, by the variant of the target that runs there.

    `timing` is that of all rounds together. A version whose results are wrong has no times: it raises ConversionError.
    Raises AbsentError where the device is not to be had, and what a run ends with.
    """
    layers = every_layer(versions, target, executor)
    each = round_of(timing, len(versions))

    def options(there: RemoteMachine) -> dict[str, Any]:
        return device_options(there, each)

    runs = [
        list(emulated_runs(plan, target, manifest, executor, [machine], layers, options)) for plan, manifest in versions
    ]
    times: dict[str, list[list[float]]] = defaultdict(lambda: [[] for _ in versions])
    for number in range(ROUNDS):
        # Another order each time: what was before does not always stand before the same.
        for place in [*range(number % len(versions), len(versions)), *range(number % len(versions))]:
            for run in runs[place]:
                times[run.variant.name][place].append(p50_of(run, executor))
    return dict(times)


def every_layer(versions: Sequence[tuple[Plan, Manifest]], target: Target, executor: Executor) -> Layers:
    """The layers of all versions: one runner serves them, so that no version has a better one."""
    stages = [layers_stage(plan.source.name, StageFile(plan.conversions[target.name], PARAM)) for plan, _ in versions]
    outcomes = executor.run(stages)
    found: dict[str, dict[str, list[int]]] = {}
    for stage in stages:
        read: Mapping[str, Mapping[str, list[int]]] = outcomes.result(stage).details["layers"]
        for kind, parameters in read.items():
            known = found.setdefault(kind, {})
            for name, values in parameters.items():
                known[name] = sorted({*known.get(name, []), *values})
    return found


def round_of(timing: Timing, versions: int) -> Timing:
    """The part of a measurement that one version has in one round."""
    return replace(
        timing,
        repeats=max(LEAST_CALLS, timing.repeats // ROUNDS),
        seconds=timing.seconds / (ROUNDS * versions),
        least_seconds=0.0,
    )


def p50_of(run: EmulatedRun, executor: Executor) -> float:
    """Milliseconds of one run, which is made anew. Raises ConversionError where its results are wrong."""
    anew = replace(run, run=replace(run.run, options={**run.run.options, "measured": time.time_ns()}))
    outcomes = executor.run(anew.stages)
    try:
        details = outcomes.result(anew.run).details
        verdict = anew.found(outcomes).verdict
    finally:
        executor.store.forget(anew.run)
    if not verdict.passed:
        raise ConversionError(f"{run.target.name} on {run.machine.name} is wrong there: {verdict.reason}")
    return float(details["latency"]["p50_ms"])
