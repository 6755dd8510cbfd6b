"""Which labels an artifact gives to photos, and on which of them artifacts part: by the rules of verdicts."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgekit.artifact.manifest import Manifest
from edgekit.artifact.rules import rules_for
from edgekit.classes import Ranked
from edgekit.pipeline.target import targets

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Labels:
    """What an artifact decides of labels that do not exclude each other, on one photo.

    `given` are those above their thresholds, by index. `near` are nearer to theirs than can be told, given or not.
    `shown` are the probabilities of all that are named on this photo, by whichever artifact.
    """

    given: tuple[Ranked, ...]
    near: frozenset[int]
    shown: Mapping[int, float]

    @property
    def indices(self) -> frozenset[int]:
        """The indices of the labels that are given."""
        return frozenset(one.index for one in self.given)


def parted(decisions: Collection[Labels]) -> frozenset[int]:
    """The labels that some artifacts surely give, and others surely do not."""
    given = frozenset[int]().union(*(one.indices - one.near for one in decisions))
    return frozenset(index for index in given if any(index not in one.indices | one.near for one in decisions))


def decides_labels(manifest: Manifest, count: int) -> bool:
    """Whether each of the first output's `count` values counts by itself: labels, or one logit for two classes."""
    kind = manifest.outputs[0].kind
    return kind == "sigmoid" or (kind == "logits" and count == 1)


def given_and_near(values: "np.ndarray", manifest: Manifest) -> "tuple[np.ndarray, np.ndarray]":
    """Which labels are above their thresholds, and which are too near to them to tell; both bool [N, C].

    `values` [N, C] are the first output as the artifact has it, float64. It stands in the oracle's place: near is what
    a verdict would excuse, less than twice the reference's noise in logits from the threshold (docs/parity.md), and
    what the digits of the precision and of the engine's sigmoid do not tell from it.
    """
    import numpy as np

    from edgekit.parity.decisions import within_noise
    from edgekit.parity.judge import THRESHOLDS
    from edgekit.parity.values import Digits, compared, scales

    spec, precision = manifest.outputs[0], manifest.precision
    assert spec.kind in ("sigmoid", "logits")
    # One logit decides by its sign.
    chosen = np.array(spec.thresholds or THRESHOLDS) if spec.kind == "sigmoid" else np.zeros(1)
    thresholds = np.broadcast_to(chosen, values.shape)
    digits = Digits.of(precision, targets()[manifest.target].description.sigmoid_error)
    own, ours, wanted = (
        compared(one, beside, spec.kind, precision, digits)
        for one, beside in ((values, values), (values, thresholds), (thresholds, thresholds))
    )
    return values > thresholds, within_noise(np.abs(ours - wanted), scales(own, spec.kind), noise_of(manifest))


def noise_of(manifest: Manifest) -> float:
    """The error of the reference by which verdicts excuse decisions, relative: the floor where none was measured.

    At most what a reference may be off by, whatever a stranger's manifest says.
    """
    found = [one.verdict.outputs.get(manifest.outputs[0].name) for one in manifest.verdicts]
    measured = max((figures.noise.max_relative for figures in found if figures is not None), default=0.0)
    tolerance = rules_for(manifest).tolerance
    return min(max(measured, tolerance.floor), tolerance.max_noise)
