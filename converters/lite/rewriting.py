"""Which rewrites a program gets before `opt`: what `convert.py` and `rewrite.py` share."""

from collections.abc import Mapping
from typing import Any

from edgeworker.refusal import Refusal
from edgeworker.rewrite import Rewrite, select
from rewrites import REWRITES


def chosen_rewrites(names: list[str]) -> list[Rewrite[Any, Any]]:
    """The rewrites called `names`, in that order; raises Refusal for one that there is not."""
    try:
        return select(REWRITES, names)
    except KeyError as error:
        known = ", ".join(rewrite.name for rewrite in REWRITES)
        raise Refusal(f"there is no Paddle Lite rewrite {error}; there are {known}", kind="input") from error


def rewrites_for(target: str, options: Mapping[str, Any]) -> list[Rewrite[Any, Any]]:
    """Those of a stage's options that the file for `target` ("arm", "x86") gets, in order.

    With `arm-arithmetic` = ["fast"], ARM's kernels are taken as they are. Raises Refusal for a rewrite that there is
    not.
    """
    chosen = chosen_rewrites(options.get("rewrites") or [])
    own = "" if options.get("arm-arithmetic") == ["fast"] else target
    return [rewrite for rewrite in chosen if rewrite.only in ("", own)]
