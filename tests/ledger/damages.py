"""Six changes of one stored parameter, small enough that a model may go on as if nothing were."""

import re
from collections.abc import Callable, Iterator, Mapping

import numpy as np

from tests.diagnose.damage import Stored

FACTORS = {"x1.01": 1.01, "x1.05": 1.05, "x1.1": 1.1}
BIAS = re.compile(r"bias|offset|beta|\.b_\d")
"""How tools and Paddle call what is added."""


def multiplied(stored: Mapping[str, Stored], factor: float, random: np.random.Generator) -> tuple[str, str] | None:
    """One channel of one parameter times a factor."""
    for one in shuffled(stored, random):
        values = read(one)
        rows = values.reshape(channels_of(one), -1)
        living = np.flatnonzero(np.any(rows != 0, axis=1))
        if one.count > 1 and len(living):
            at = int(random.choice(living))
            rows[at] *= np.float32(factor)
            write(one, values)
            return one.name, f"channel {at} of {len(rows)}"
    return None


def swapped_channels(stored: Mapping[str, Stored], random: np.random.Generator) -> tuple[str, str] | None:
    """Two channels of one parameter, one in the other's place."""
    for one in shuffled(stored, random):
        values = read(one)
        if (count := channels_of(one)) < 2:
            continue
        rows = values.reshape(count, -1)
        first, second = (int(at) for at in random.choice(count, 2, replace=False))
        if not np.array_equal(rows[first], rows[second]):
            rows[[first, second]] = rows[[second, first]]
            write(one, values)
            return one.name, f"channels {first} and {second} of {count}"
    return None


def without_bias(stored: Mapping[str, Stored], random: np.random.Generator) -> tuple[str, str] | None:
    """A bias of zeros."""
    for one in shuffled(stored, random):
        values = read(one)
        if BIAS.search(one.name) and one.count == max(one.shape, default=0) and one.count > 1 and np.any(values):
            write(one, np.zeros_like(values))
            return one.name, f"all {one.count} values"
    return None


def swapped_classes(stored: Mapping[str, Stored], classes: int, random: np.random.Generator) -> tuple[str, str] | None:
    """Two classes of the classifier, its weight's and its bias's, one in the other's place."""
    wide = [one for one in stored.values() if classes in one.shape]
    weights = [one for one in wide if one.count > classes]
    if not weights:
        return None
    first, second = (int(at) for at in random.choice(classes, 2, replace=False))
    for one in [weights[-1], *[one for one in wide if one.count == classes][-1:]]:
        values = read(one)
        by_class = np.moveaxis(values.reshape(one.shape), one.shape.index(classes), 0)
        by_class[[first, second]] = by_class[[second, first]]
        write(one, values)
    return weights[-1].name, f"classes {first} and {second}"


Damage = Callable[[Mapping[str, Stored], int, np.random.Generator], tuple[str, str] | None]
"""Changes the file of one of the parameters. Gives the parameter's name and what was done; None where there is none."""

DAMAGES: dict[str, Damage] = {
    **{
        kind: lambda stored, _, random, factor=factor: multiplied(stored, factor, random)
        for kind, factor in FACTORS.items()
    },
    "two channels swapped": lambda stored, _, random: swapped_channels(stored, random),
    "a bias of zeros": lambda stored, _, random: without_bias(stored, random),
    "two classes swapped": swapped_classes,
}


def channels_of(one: Stored) -> int:
    """How many channels lead; every value is one where nothing is said of them, as of ncnn's normalisations."""
    return one.channels if one.channels > 1 and one.count % one.channels == 0 else one.count


def shuffled(stored: Mapping[str, Stored], random: np.random.Generator) -> Iterator[Stored]:
    """The parameters in an order by chance."""
    names = list(stored)
    return (stored[names[at]] for at in random.permutation(len(names)))


def read(one: Stored) -> np.ndarray:
    """A copy of its values, flat."""
    with one.file.open("rb") as file:
        file.seek(one.offset)
        return np.frombuffer(file.read(4 * one.count), np.float32).copy()


def write(one: Stored, values: np.ndarray) -> None:
    """Put other values in the place of its own."""
    with one.file.open("r+b") as file:
        file.seek(one.offset)
        file.write(values.astype(np.float32).tobytes())
