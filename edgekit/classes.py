"""A photo's way into a model, and from its output to named classes: what a command and a server do alike."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgekit.artifact.manifest import Manifest, TensorSpec
from edgekit.inputs.prepare import cropped_levels, preprocess

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Ranked:
    """A class by its index, its name where it has one, and its probability."""

    index: int
    name: str | None
    probability: float


def prepared(image: "np.ndarray", manifest: Manifest) -> "np.ndarray":
    """One photo as the artifact takes it: a tensor, or 8-bit levels where the rest of the preparation is inside it."""
    prepare = cropped_levels if manifest.embedded_preprocessing else preprocess
    return prepare(image, manifest.preprocessing)


def class_probabilities(values: "np.ndarray", spec: TensorSpec) -> "np.ndarray":
    """The probabilities of an output [samples, ...], float64 [samples, classes]: a softmax over logits, others as they
    are.

    One logit alone stands for two classes: it is that of the second.
    """
    import numpy as np

    rows = values.astype(np.float64).reshape(len(values), -1)
    if spec.kind != "logits":
        return rows
    if rows.shape[1] == 1:
        return np.exp(-np.logaddexp(0, -rows))
    exponents = np.exp(rows - rows.max(axis=1, keepdims=True))
    return exponents / exponents.sum(axis=1, keepdims=True)


def named(row: "np.ndarray", names: Sequence[str] | None, indices: Iterable[int]) -> tuple[Ranked, ...]:
    """The classes of one sample [classes] with these indices."""
    return tuple(Ranked(index, names[index] if names else None, float(row[index])) for index in indices)


def ranked(row: "np.ndarray", names: Sequence[str] | None, top: int) -> tuple[Ranked, ...]:
    """The `top` likeliest classes of one sample [classes]; of equal ones the one with the smaller index first."""
    order = (-row).argsort(kind="stable")[:top]
    return named(row, names, order.tolist())
