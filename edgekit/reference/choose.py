"""Which reference an artifact is judged against: one asked for, the best GPU bundle at hand, or Paddle here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from msgspec.structs import replace

from edgekit.errors import AbsentError, EdgekitError, UsageError
from edgekit.parity import Tolerance
from edgekit.parity.verdict import OutputKind, Precision
from edgekit.reference.bundle import Bundle, checked_bundle
from edgekit.reference.exactness import Arrays, Incomparable, Measured, measure, worst
from edgekit.reference.match import Subject, best_first, differences, nearest
from edgekit.reference.store import bundles, find_bundle

PADDLE_CPU = "Paddle FP32 on this machine's CPU"


@dataclass(frozen=True)
class Truth:
    """What Paddle computed here for one program on the golden inputs: in FP32, and in float64 (the oracle)."""

    paddle: Arrays
    oracle: Arrays
    kinds: Mapping[str, OutputKind] = field(default_factory=dict)


@dataclass(frozen=True)
class Reference:
    """What an artifact is judged against: its `name` in words and its `outputs`.

    `bundle` and what was `measured` of it, unless it is Paddle here. `unusable` says why it can be no reference; then
    nothing passes. `declined` names the bundles that were tried before, with the reason.
    """

    name: str
    outputs: Arrays
    bundle: Bundle | None = None
    measured: Mapping[str, Measured] = field(default_factory=dict)
    unusable: str = ""
    declined: tuple[str, ...] = ()

    def yardstick(self, truth: Truth) -> Arrays | None:
        """What sets the limits: Paddle here, so that a stranger's bundle cannot; None where it is the reference."""
        return None if self.bundle is None else truth.paddle

    def tolerance(self, usual: Tolerance) -> Tolerance:
        """`usual`, but a reference that was recorded in FP16 on purpose may be as far off as the artifact may."""
        if self.bundle is None or self.bundle.description.arithmetic.is_fp32 or usual.max_relative is None:
            return usual
        reason = usual.reason or "an FP16 reference"
        return replace(usual, max_noise=max(usual.max_noise, usual.max_relative), reason=reason)


@dataclass(frozen=True)
class Choice:
    """What the command line asks for.

    `how` is `auto` (the best fitting GPU bundle of `available`, else Paddle here), `paddle-cpu`, or one bundle.
    `require_gpu`: without a GPU's reference nothing is judged.
    """

    how: Literal["auto", "paddle-cpu"] | Bundle
    require_gpu: bool = False
    available: tuple[Bundle, ...] = ()

    def check(self, subject: Subject) -> None:
        """Refuse before anything runs what cannot be judged as asked.

        Raises UsageError, saying what differs, for a bundle that does not count for `subject`, and AbsentError where a
        GPU's reference is required and there is none.
        """
        if isinstance(self.how, Bundle):
            if found := differences(self.how.description, subject):
                raise UsageError(
                    f"the reference {self.how.path.name} does not count for {subject.model}: "
                    f"it is of {'; '.join(found)}",
                    "Record one of the same weights, input size and golden inputs, or leave --reference out.",
                )
            if self.require_gpu and not self.how.description.is_gpu:
                raise AbsentError(
                    f"{self.how.path.name} was recorded on a CPU, and a GPU's reference is required",
                    record_hint(subject),
                )
        elif self.require_gpu and not best_first(list(self.available), subject):
            raise no_gpu_reference(subject, nearest(list(self.available), subject))

    def of(self, subject: Subject, truth: Truth, tolerance: Tolerance) -> Reference:
        """The reference for `subject`, checked against the oracle.

        Raises AbsentError where a GPU's reference is required and all at hand turn out unusable.
        """
        if isinstance(self.how, Bundle):
            return checked_reference(self.how, subject.precision, truth, tolerance)
        declined: list[str] = []
        for bundle in best_first(list(self.available), subject) if self.how == "auto" else ():
            found = checked_reference(bundle, subject.precision, truth, tolerance)
            if not found.unusable:
                return Reference(found.name, found.outputs, bundle, found.measured, declined=tuple(declined))
            declined.append(f"{bundle.name}: {found.unusable}")
        if self.require_gpu:
            raise no_gpu_reference(subject, "; ".join(declined) or "none is at hand")
        return Reference(PADDLE_CPU, truth.paddle, declined=tuple(declined))


def no_gpu_reference(subject: Subject, why: str) -> AbsentError:
    """The error of a required reference that is not there."""
    return AbsentError(f"there is no GPU reference for {subject.model}: {why}", record_hint(subject))


def record_hint(subject: Subject) -> str:
    """How to get a GPU's reference."""
    batch = f" --batch {subject.batch}" if subject.batch != 1 else ""
    return (
        f"On a machine with an NVIDIA GPU: `edgekit reference record {subject.model} --backend tensorrt --weights "
        f"{subject.weights_spec} --input-size {subject.input_size}{batch} --out FILE`, and here `edgekit reference "
        "import FILE`."
    )


def checked_reference(bundle: Bundle, precision: Precision, truth: Truth, tolerance: Tolerance) -> Reference:
    """A bundle as reference for artifacts of `precision`; `unusable` where it is not as exact as it must be."""
    said = bundle.description
    try:
        measured = measure(bundle.outputs, truth.paddle, truth.oracle, tolerance, truth.kinds)
    except (Incomparable, EdgekitError) as error:
        return Reference(said.title, {}, bundle, unusable=f"the reference is unusable: {error}")
    found = worst(measured)
    on_purpose = precision == "fp16" and not said.arithmetic.is_fp32 and found.exactness != "wrong"
    unusable = ""
    if found.exactness != "fp32" and not on_purpose:
        claim = f"it was recorded with {said.arithmetic}, and is {found.sentence()}"
        cure = ". Record it again with TF32 off" if found.exactness in ("inexact", "tf32", "fp16") else ""
        unusable = f"the reference is unusable: {claim}{cure}"
    return Reference(said.title, bundle.outputs, bundle, measured, unusable)


def choice(asked: str, *, require_gpu: bool, cache: Path) -> Choice:
    """What `--reference` and `--require-gpu-reference` ask for; `cache` is edgekit's cache folder.

    Raises UsageError for a bundle that is none or damaged, and for flags that contradict each other.
    """
    if asked == "paddle-cpu":
        if require_gpu:
            raise UsageError(
                "--reference paddle-cpu and --require-gpu-reference contradict each other", "Leave one of them out."
            )
        return Choice("paddle-cpu")
    if asked == "auto":
        return Choice("auto", require_gpu, tuple(bundles(cache)))
    bundle, _ = checked_bundle(find_bundle(asked, cache).path)
    return Choice(bundle, require_gpu)
