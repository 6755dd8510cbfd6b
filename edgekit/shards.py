"""Parts of work that is divided between machines which share nothing."""

from collections.abc import Iterable

Shard = tuple[int, int]
"""Which part of how many, counted from 1."""


def missing_shards(shards: Iterable[Shard]) -> list[Shard]:
    """The parts that are lacking; none where nothing was divided, or in different ways."""
    present = set(shards)
    divisions = {parts for _, parts in present}
    if len(divisions) != 1:
        return []
    (parts,) = divisions
    return [(number, parts) for number in range(1, parts + 1) if (number, parts) not in present]
