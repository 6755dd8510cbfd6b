"""A diagnosis as data: what the command prints, and `--json` gives."""

from pathlib import Path
from typing import Literal

import msgspec

StepStatus = Literal["ok", "guilty", "wrong", "not run", "undecided"]


class StepReport(msgspec.Struct, frozen=True):
    """One row: how far a step's outputs are from the float64 oracle. `tool` is what made it, with its version.

    `guilty`: the first that is wrong; `wrong` follows from it; `undecided`: it cannot be judged. `error` and `limit` as
    in `edgekit.parity`.
    """

    name: str
    title: str
    tool: str
    status: StepStatus
    error: float | None = None
    limit: float | None = None
    reason: str = ""


class TensorReport(msgspec.Struct, frozen=True):
    """A tensor of the guilty layer: its error against the healthy counterpart, relative to its largest value."""

    name: str
    shape: tuple[int, ...] = ()
    error: float | None = None
    counterpart: str | None = None
    healthy_shape: tuple[int, ...] = ()


class LayerReport(msgspec.Struct, frozen=True):
    """The layer that parts first, in the guilty step's own words.

    `with_it`: layers that stand for one layer of the healthy graph together with it. `stands_for`: that layer, where
    the graphs differ. `changed_parameters`: those whose stored bits are not what a fresh conversion stores.
    """

    name: str
    type: str
    attributes: dict[str, str]
    inputs: tuple[TensorReport, ...]
    outputs: tuple[TensorReport, ...]
    with_it: tuple[str, ...] = ()
    stands_for: str | None = None
    stands_for_tensors: tuple[str, ...] = ()
    changed_parameters: tuple[str, ...] = ()


class CureReport(msgspec.Struct, frozen=True):
    """A rewrite that was tried: `mends` says whether the artifact passes with it, `places` how many it changed."""

    rewrite: str
    mends: bool
    places: int
    error: float | None = None
    recipe_key: str = ""
    at_guilty_layer: bool = False
    reason: str = ""


class ReproducerReport(msgspec.Struct, frozen=True):
    """The folder with a minimal model, an input and `reproduce.py`; `error` is what it showed when it was tried.

    `refused`: something of the user's lies in its place, so that it was not written; `reason` says what.
    """

    folder: Path
    script: Path
    error: float | None = None
    shows: bool = False
    reason: str = ""
    refused: bool = False


class Diagnosis(msgspec.Struct, frozen=True):
    """What was found of one variant of one artifact. `sentence` says it all in a paragraph."""

    model: str
    target: str
    variant: str
    artifact: Path | None
    healthy: bool
    sentence: str
    changed_files: tuple[str, ...] = ()
    steps: tuple[StepReport, ...] = ()
    compared_with: str = ""
    sample: str = ""
    layer: LayerReport | None = None
    cures: tuple[CureReport, ...] = ()
    reproducer: ReproducerReport | None = None
    runs: int = 0
