"""The flag `--shard`: a part of the work, for machines that share nothing."""

import re

from edgekit.errors import UsageError


def shard_option(text: str | None) -> tuple[int, int] | None:
    """The value of --shard: (i, n), counted from 1. Raises UsageError for what is none."""
    if text is None:
        return None
    match = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text)
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise UsageError(f"--shard {text} is no part of a whole", "As in 1/4, 2/4, 3/4 and 4/4.")
    return int(match[1]), int(match[2])
