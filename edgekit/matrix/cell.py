"""One cell of the matrix: what became of one model on one target."""

from typing import Literal

from msgspec import Struct, field

from edgekit.artifact.manifest import FileRecord, VariantVerdict
from edgekit.inputs.size import Sides
from edgekit.parity.verdict import OutputFigures, Status
from edgekit.recipe.schema import ExpectedFailure

Outcome = Literal["passed", "failed", "not run", "expected failure", "unexpected pass"]
# What makes the whole run fail: an expected failure that is gone is to be taken out of its recipe.
BAD: tuple[Outcome, ...] = ("failed", "unexpected pass")
# Where a cell can fail besides in a worker: its outputs differ; or the machine is at fault, which no recipe expects.
PARITY, WEIGHTS, ARTIFACT, ENVIRONMENT = "parity", "weights", "artifact", "environment"
MACHINE = (WEIGHTS, ARTIFACT, ENVIRONMENT)


class Cell(Struct, frozen=True, kw_only=True):
    """The result of one model on one target, on this machine or on an emulated one.

    `status` is what was found and `outcome` what it means beside the recipe's expectation, whose reason is
    `expected`. Where it failed, `stage` is the worker (such as `ncnn/convert`) or one of `parity`, `weights`,
    `artifact` and `environment`, with the `reason` and the `remedy`. `seconds` are those of the stages that made
    it, shared ones included. `input_size` is a side in pixels, or [height, width]. `documented`: whether it is one of
    the catalog's documented models. `machine` is the emulated one that it was run on, by its name.
    `precision` is that of the artifact.
    """

    model: str
    family: str
    architecture: str
    parameters: int | None
    input_size: Sides
    target: str
    weights: str
    key: str
    made: str
    status: Status
    outcome: Outcome = "failed"
    stage: str = ""
    reason: str = ""
    remedy: str = ""
    expected: str | None = None
    variants: tuple[VariantVerdict, ...] = ()
    files: dict[str, FileRecord] = field(default_factory=dict)
    tools: dict[str, str] = field(default_factory=dict)
    reference_latency: dict[str, float] | None = None
    seconds: float = 0.0
    documented: bool = True
    machine: str | None = None
    precision: str = "fp32"

    @property
    def is_sound(self) -> bool:
        """Whether its outcome follows from its status, and its status from its verdicts: a stranger's may not."""
        found = status_of(self.variants) if self.variants else "failed"
        turned = {"failed": "expected failure", "passed": "unexpected pass"}.get(self.status)
        return self.status == found and (
            self.outcome == self.status or (self.expected is not None and self.outcome == turned)
        )

    @property
    def bytes(self) -> int:
        """The size of all its files together."""
        return sum(record.bytes for record in self.files.values())

    @property
    def ran(self) -> VariantVerdict | None:
        """The variant that was run here: the one with the figures; None where none was."""
        return next((one for one in self.variants if one.verdict.outputs), None)

    @property
    def figures(self) -> OutputFigures | None:
        """What was measured on the output that departs most."""
        outputs = () if self.ran is None else self.ran.verdict.outputs.values()
        return max(outputs, key=lambda one: one.against_oracle.max_relative, default=None)

    @property
    def p50_ms(self) -> float | None:
        """The median latency of one call in milliseconds; None where it was not measured."""
        latency = None if self.ran is None else self.ran.latency
        return None if latency is None else latency.get("p50_ms")


def status_of(variants: tuple[VariantVerdict, ...]) -> Status:
    """The status of a cell: failed where any variant failed, passed where at least one ran and passed."""
    statuses = {one.verdict.status for one in variants}
    if "failed" in statuses:
        return "failed"
    return "passed" if "passed" in statuses else "not run"


def meaning(status: Status, stage: str, expected: ExpectedFailure | None) -> Outcome:
    """What a status means beside the recipe's expectation. A failure at another stage is not the expected one."""
    if expected is None or stage in MACHINE:
        return status
    if status == "failed":
        return "expected failure" if expected.stage in (None, stage) else "failed"
    return "unexpected pass" if status == "passed" else status
