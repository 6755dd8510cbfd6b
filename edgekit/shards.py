"""Parts of work that is divided between machines which share nothing."""

from collections.abc import Iterable
from typing import Annotated

from msgspec import Meta

MOST_PARTS = 999_999
"""As many as `--shard` takes: each one that a report lacks is named."""
Number = Annotated[int, Meta(ge=1, le=MOST_PARTS)]
Shard = tuple[Number, Number]
"""Which part of how many, counted from 1."""


def missing_shards(shards: Iterable[Shard]) -> list[Shard]:
    """The parts that are lacking; none where nothing was divided, or in different ways."""
    present = set(shards)
    divisions = {parts for _, parts in present}
    if len(divisions) != 1:
        return []
    (parts,) = divisions
    return [(number, parts) for number in range(1, parts + 1) if (number, parts) not in present]
