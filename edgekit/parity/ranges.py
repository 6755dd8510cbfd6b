"""Does what a model computes inside fit into FP16? The values of its layers, not its outputs, decide.

A machine that keeps FP32 inside, as x86 does with FP16 artifacts, never shows it: the outputs agree, and a phone that
computes in FP16 has infinity where a value is beyond the largest number of the format.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from edgekit.errors import ConversionError, UsageError
from edgekit.parity.verdict import Verdict
from edgekit.untrusted.json_document import read_json

LARGEST_BYTES = 64 << 20
FP16_LARGEST = 65504.0
"""(2 - 2^-10) 2^15, IEEE 754 binary16."""
MARGIN = 4.0
"""How near to it a layer may come unnamed: photos that nobody has tried reach further than the golden ones."""


class TensorRange(msgspec.Struct, frozen=True):
    """The smallest and the largest value of one layer's result on all samples; None where a value is not finite.

    `folded`: every engine computes it inside the next layer (docs/parity.md), so that it need not fit. `channels` is
    how many it has, None where it has none; `photos` are smallest and largest value on the photos among the samples,
    None where none are told apart; `constant` are those channels that have one value everywhere, with that value.
    """

    name: str
    type: str
    folded: bool
    minimum: float | None
    maximum: float | None
    channels: int | None = None
    photos: tuple[float, float] | None = None
    constant: tuple[tuple[int, float], ...] = ()

    @property
    def magnitude(self) -> float:
        """The largest absolute value; infinite where a value is not finite."""
        if self.minimum is None or self.maximum is None:
            return float("inf")
        return max(abs(self.minimum), abs(self.maximum))

    @property
    def title(self) -> str:
        """The layer in words."""
        return f"layer {self.name} ({self.type})"


class Ranges(msgspec.Struct, frozen=True):
    """The results of all layers, the inputs first, in the order of computation."""

    samples: int
    tensors: tuple[TensorRange, ...]


def read_ranges(path: Path) -> Ranges:
    """What a worker `ranges.py` wrote. Raises ConversionError for anything else."""
    try:
        return read_json(path, Ranges, LARGEST_BYTES, "file of ranges")
    except UsageError as error:
        raise ConversionError(error.message) from None


def beyond(ranges: Ranges) -> list[TensorRange]:
    """The layers whose values FP16 cannot hold, in order."""
    return [one for one in ranges.tensors if not one.folded and one.magnitude > FP16_LARGEST]


def near(ranges: Ranges) -> list[TensorRange]:
    """The layers whose values come near the end of FP16 without passing it, in order."""
    held = (one for one in ranges.tensors if not one.folded)
    return [one for one in held if FP16_LARGEST / MARGIN < one.magnitude <= FP16_LARGEST]


def with_ranges(verdict: Verdict, ranges: Ranges) -> Verdict:
    """The verdict on an FP16 artifact, failed where a layer's values are beyond FP16's; a near one is a warning."""
    changed = verdict
    if found := near(ranges):
        most = max(found, key=lambda one: one.magnitude)
        warning = (
            f"{most.title} reaches {most.magnitude:.3g}{and_others(found)}, within a factor {MARGIN:g} of "
            f"{FP16_LARGEST:g}, where FP16 ends"
        )
        changed = msgspec.structs.replace(changed, warnings=(*changed.warnings, warning))
    if found := beyond(ranges):
        reason = beyond_words(found)
        if verdict.status == "failed":
            reason = f"{verdict.reason}; {reason}"
        changed = msgspec.structs.replace(changed, status="failed", reason=reason)
    return changed


def beyond_words(found: Sequence[TensorRange]) -> str:
    """What is wrong with an FP16 artifact whose layers `found` are beyond the format."""
    first = found[0]
    reached = "values that are not finite even in FP32" if first.magnitude == float("inf") else f"{first.magnitude:.3g}"
    return (
        f"{first.title} reaches {reached} on the golden inputs{and_others(found)}, beyond {FP16_LARGEST:g}, where FP16 "
        f"ends: a processor that computes in FP16 gets infinity there"
    )


def and_others(found: Sequence[TensorRange]) -> str:
    """How many more there are."""
    return f" (and {len(found) - 1} more of its layers)" if len(found) > 1 else ""
