"""What became of stages, and what is told of them while they run."""

from dataclasses import dataclass, field

from edgekit.errors import EdgekitError
from edgekit.pipeline.stage import Stage
from edgekit.pipeline.store import StageResult

Outcome = StageResult | EdgekitError


@dataclass(frozen=True)
class Event:
    """Something a progress display wants: a stage was `started`, `finished` (also from the cache) or `failed`."""

    kind: str
    stage: Stage
    outcome: Outcome | None = None


@dataclass
class Outcomes:
    """What became of each stage, by key."""

    by_key: dict[str, Outcome] = field(default_factory=dict)

    def result(self, stage: Stage) -> StageResult:
        """The result of `stage`; raises the error that it, or a stage before it, ended with."""
        outcome = self.by_key[stage.key]
        if isinstance(outcome, EdgekitError):
            raise outcome
        return outcome

    def failed_at(self, stage: Stage) -> Stage | None:
        """The stage that stopped `stage`: itself, or the first before it that failed; None where it succeeded."""
        if not isinstance(self.by_key.get(stage.key), EdgekitError):
            return None
        for dependency in stage.dependencies():
            if (found := self.failed_at(dependency)) is not None:
                return found
        return stage
