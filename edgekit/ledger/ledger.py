"""The account of an artifact's stored parameters, as verdicts and manifests hold it. Needs no numpy."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, convert


class Unexplained(Struct, frozen=True):
    """A stored tensor that the program does not account for, and the layer that reads it.

    `nearest` is the parameter of the program that it resembles most, from which `differing` of its values differ.
    `fault` says what is wrong with it, where that is known.
    """

    name: str
    layer: str
    shape: tuple[int, ...]
    nearest: str | None = None
    differing: int | None = None
    fault: str = ""


class Ledger(Struct, frozen=True):
    """How many tensors are stored, how many come about in which way, and the first of those that nothing explains.

    `unused` are the first of the program's parameters that nothing in the artifact comes from. `partial` says how much
    can be read of an artifact whose format is not known in full: there, what is not found is no fault. Of the
    unexplained, `described_count` are numbers in layers' descriptions, and no tensors.
    """

    stored: int
    explained: dict[str, int]
    unexplained: tuple[Unexplained, ...] = ()
    unexplained_count: int = 0
    unused: tuple[str, ...] = ()
    unused_count: int = 0
    partial: str = ""
    described_count: int = 0

    @classmethod
    def of(cls, details: Mapping[str, Any]) -> "Ledger":
        """From what a worker left."""
        return convert(dict(details), cls)

    @property
    def complete(self) -> bool:
        """Whether everything stored is explained, and everything that the program has is there, if that can be told."""
        return not self.unexplained_count and (not self.unused_count or bool(self.partial))

    @property
    def whole(self) -> bool:
        """Whether nothing is lacking but numbers in layers' descriptions, which a recipe may excuse."""
        return self.unexplained_count == self.described_count and (not self.unused_count or bool(self.partial))

    @property
    def sentence(self) -> str:
        """In few words: that it is complete, or what is not accounted for, with its layer."""
        if self.complete and self.partial:
            return f"{self.stored} stored parameters accounted for, as far as its files allow: {self.partial}"
        if self.complete:
            return f"all {self.stored} stored parameters accounted for"
        parts = []
        if self.unexplained_count:
            first = self.unexplained[0]
            parts.append(
                f"{self.unexplained_count} of {self.stored} stored parameters come from nowhere in the program, "
                f"first {first.name} of {first.layer}{resemblance(first)}"
            )
        if self.unused_count and not self.partial:
            parts.append(
                f"{self.unused_count} of the program's parameters are not in it, first {', '.join(self.unused[:3])}"
            )
        return "; ".join(parts)


def values_of(one: Unexplained) -> int:
    """How many values a tensor has."""
    size = 1
    for extent in one.shape:
        size *= extent
    return size


def resemblance(one: Unexplained) -> str:
    """What an unexplained tensor looks like, in words."""
    if one.fault:
        return f": {one.fault}"
    size = values_of(one)
    if one.nearest is None or one.differing is None or one.differing >= size:
        return ""
    return f", which differs from {one.nearest} in {one.differing} of {size} values"
