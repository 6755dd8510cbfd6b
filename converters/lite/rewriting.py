"""Which rewrites a program gets before `opt`: what `convert.py` and `rewrite.py` share."""

from typing import Any

from edgeworker.protocol import Refusal
from edgeworker.rewrite import Rewrite, select
from rewrites import REWRITES


def chosen_rewrites(names: list[str]) -> list[Rewrite[Any, Any]]:
    """The rewrites called `names`, in that order; raises Refusal for one that there is not."""
    try:
        return select(REWRITES, names)
    except KeyError as error:
        known = ", ".join(rewrite.name for rewrite in REWRITES)
        raise Refusal(f"there is no Paddle Lite rewrite {error}; there are {known}", kind="input") from error
