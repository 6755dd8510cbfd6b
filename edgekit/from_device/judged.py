"""What was judged of a device's report: plain data, as `--json` prints it."""

from pathlib import Path
from typing import Any, Literal

from msgspec import Struct, field

from edgekit.parity import Verdict

Status = Literal["passed", "failed", "not compared"]


class Judgement(Struct, frozen=True):
    """One thing that was compared: the `figure` that was measured and its `limit`, where it has any."""

    stage: str
    status: Status
    detail: str = ""
    figure: float | None = None
    limit: float | None = None


class Judged(Struct, frozen=True, kw_only=True):
    """Everything that was judged of one report.

    `parted` is the first stage that failed, and `reason` why; both empty where none did. `verdict` is on the outputs.
    """

    report: Path
    artifact: Path
    model: str
    target: str
    precision: str
    device: str
    machine: dict[str, Any]
    versions: dict[str, str]
    cpu_features: tuple[str, ...] = ()
    threads: int
    stages: tuple[Judgement, ...]
    verdict: Verdict | None = None
    latency: dict[str, float | None] = field(default_factory=dict)
    top: tuple[Any, ...] = ()

    @property
    def failed(self) -> tuple[Judgement, ...]:
        """The stages that failed, in order."""
        return tuple(stage for stage in self.stages if stage.status == "failed")

    @property
    def passed(self) -> bool:
        """Nothing failed, and the outputs were compared."""
        return not self.failed and self.verdict is not None and self.verdict.passed

    @property
    def parted(self) -> str | None:
        """Where it parted: the first stage that failed."""
        return self.failed[0].stage if self.failed else None

    @property
    def reason(self) -> str:
        """Why it parted there; empty where it did not."""
        return self.failed[0].detail if self.failed else ""
