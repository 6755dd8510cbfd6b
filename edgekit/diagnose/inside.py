"""The tensors inside a step, run by run, through the pipeline's own stages."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from edgekit.cache.kept import kept_file
from edgekit.diagnose.graph import Graph, graph_of
from edgekit.diagnose.steps import Step
from edgekit.pipeline.execute import Executor
from edgekit.pipeline.program import PROGRAM
from edgekit.pipeline.stage import SourceFile, Stage
from edgekit.pipeline.store import StageResult

# Tensors of more bytes than this do not stay in the cache: they are as large as quickly made again.
KEPT_BYTES = 32 << 20
PERTURBATION = 2.0**-20
"""Relative change of inputs that shows how much a tensor amplifies rounding: about eight roundings of FP32."""
NAMES_ALL = "all"


@dataclass(frozen=True)
class Values:
    """Tensors on disk, read one at a time."""

    path: Path
    names: frozenset[str]

    def __getitem__(self, name: str) -> np.ndarray:
        from safetensors import safe_open

        with safe_open(self.path, framework="np") as file:
            return file.get_tensor(name)


@dataclass
class Laboratory:
    """Runs what a diagnosis asks for, counts the runs, and clears away what is large."""

    executor: Executor
    memory_bytes: int
    runs: int = 0
    large: list[Stage] = field(default_factory=list)

    def run(self, stages: Sequence[Stage]) -> list[StageResult]:
        """The results of `stages`; raises what the first that failed ended with."""
        outcomes = self.executor.run(stages)
        results = [outcomes.result(stage) for stage in stages]
        self.runs += len(stages)
        self.large += [
            stage
            for stage, result in zip(stages, results, strict=True)
            if sum(entry["bytes"] for entry in result.files.values()) > KEPT_BYTES and "tensors" in stage.worker
        ]
        return results

    def tidy(self) -> None:
        """Remove large tensors from the store."""
        for stage in self.large:
            self.executor.store.remove(stage)
        self.large.clear()


@dataclass(frozen=True)
class Inside:
    """A step whose inner tensors can be had: it has an `observer`. `precision` is its arithmetic, if it can choose."""

    step: Step
    laboratory: Laboratory
    precision: str = "fp32"

    @property
    def exact(self) -> "Inside":
        """The same in float64, which only a program can do."""
        return replace(self, precision="fp64") if self.step.format == PROGRAM else self

    def graph(self) -> Graph:
        """Its layers."""
        (result,) = self.laboratory.run([self.stage(None, None)])
        return graph_of(result.details)

    def stage(self, names: Sequence[str] | str | None, sample: SourceFile | None) -> Stage:
        """The run that shows the tensors `names` for `sample`; without names, the one that lists the graph."""
        assert self.step.observer is not None
        options: dict[str, Any] = {
            "names": names if names is None or isinstance(names, str) else list(names),
            "inputs": self.step.options.get("inputs", {}),
            "precision": self.precision,
            "threads": 1,
        }
        files = {role: file for role, file in self.step.files.items() if role != "tensors"}
        return Stage(
            worker=self.step.observer,
            about=f"{'graph' if names is None else 'tensors'} of {self.step.title}",
            inputs=files if sample is None else {**files, "tensors": sample},
            options=options,
            memory_bytes=self.laboratory.memory_bytes,
            limits=self.step.limits,
            machine=self.step.machine,
        )


def values_of(result: StageResult) -> Values:
    """The tensors that a run has shown."""
    from safetensors import safe_open

    path = result.folder / "tensors.safetensors"
    with safe_open(path, framework="np") as file:
        return Values(path, frozenset(file.keys()))


def write_sample(tensors: dict[str, np.ndarray], cache: Path) -> SourceFile:
    """Inputs as a file in the cache, named after its content."""
    from safetensors.numpy import save

    content = save({name: np.ascontiguousarray(value) for name, value in tensors.items()})
    sha256 = hashlib.sha256(content).hexdigest()
    path = cache / "inputs" / f"{sha256}.safetensors"
    kept_file(path, cache, lambda: content)
    return SourceFile(path, sha256)


def perturbed(tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Inputs off by a random relative `PERTURBATION`, the same each time; what are not FP32 stay as they are."""
    random = np.random.default_rng(0)
    return {
        name: (value * (1 + PERTURBATION * random.choice([-1.0, 1.0], value.shape))).astype(np.float32)
        if value.dtype == np.float32
        else value
        for name, value in tensors.items()
    }
