"""What verification found of one variant of an artifact."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from edgekit.artifact.load import Artifact
from edgekit.artifact.manifest import VariantVerdict
from edgekit.errors import AbsentError, SupersededError
from edgekit.pipeline.source import GoldenFile
from edgekit.pipeline.store import StageResult
from edgekit.pipeline.target import Target, Variant
from edgekit.reference.choose import Reference

if TYPE_CHECKING:
    from edgekit.parity.by_value import ByValue


@dataclass(frozen=True)
class Check:
    """What verification found of one variant of an artifact.

    `judged_by` is the reference; `reference` is Paddle's run on this machine, which is made in any case. `golden` are
    the inputs. `remembered` says that the run, with its latency, is an earlier one's. `discarded` is the reason where
    the artifact was changed meanwhile, so that there is no verdict on it, and `absent` where the device that it was to
    run on could not be had, which is no verdict either. `measure` reads every value of each output that was measured,
    while the run's outputs are in the cache.
    """

    artifact: Artifact
    target: Target
    variant: Variant
    found: VariantVerdict
    reference: StageResult | None
    judged_by: Reference | None = None
    golden: GoldenFile | None = None
    remembered: bool = False
    discarded: SupersededError | None = None
    absent: AbsentError | None = None
    measure: "Callable[[], Mapping[str, ByValue]]" = dict

    @cached_property
    def values(self) -> "Mapping[str, ByValue]":
        """What `measure` reads; only a model's page asks for it."""
        return self.measure()
