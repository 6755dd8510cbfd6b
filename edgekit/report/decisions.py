"""What an output decides for, in words: classes, labels or neighbours."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from edgekit.artifact.manifest import Manifest
    from edgekit.parity.verdict import OutputFigures

Decision = Literal["class", "label", "neighbour"]

HEADINGS: dict[Decision, str] = {"class": "top-1", "label": "labels", "neighbour": "nearest"}
WITHIN_NOISE: dict[Decision, str] = {
    "class": "no top-1 differs",
    "label": "no label differs",
    "neighbour": "no order of neighbours differs",
}
ENOUGH: dict[Decision, str] = {
    "class": "enough top-1 agree",
    "label": "each label agrees often enough",
    "neighbour": "enough nearest neighbours agree",
}


def decision(figures: "OutputFigures") -> Decision:
    """What is counted where an output's decisions are compared."""
    if figures.kind == "features":
        return "neighbour"
    return "class" if figures.label_agreement is None else "label"


def agreement_heading(every: "Iterable[OutputFigures | None]") -> str:
    """The heading of the column that says on how many photos a target decides as the reference does."""
    first = next((figures for figures in every if figures is not None), None)
    return f"{HEADINGS['class' if first is None else decision(first)]}\nphotos"


def what_it_gives(manifest: "Manifest") -> str:
    """How many classes, labels or features a model has."""
    model = manifest.model
    if model.class_count is None:
        return f"{model.feature_count} features"
    one, several = ("label", "labels") if manifest.outputs[0].kind == "sigmoid" else ("class", "classes")
    return f"{model.class_count} {one if model.class_count == 1 else several}"


def compared_values(figures: "OutputFigures") -> str:
    """What errors are measured of and relative to."""
    those = "" if figures.uncounted_max_relative is None else "the photos of "
    samples = f"on {those}{figures.samples} golden inputs"
    if figures.kind == "probabilities":
        return f"of any output's log-probabilities {samples}, relative to the largest of its sample"
    if figures.kind == "sigmoid":
        return f"of any label's logit {samples}, relative to the largest of its sample"
    return f"of any output {samples}, relative to the largest output of its sample"
