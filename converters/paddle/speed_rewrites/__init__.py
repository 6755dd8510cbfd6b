"""Rewrites of a Paddle program that make it faster, not possible: each is on for a target where it was measured to pay.

In order. Without them every target is as right, and slower.
"""

from typing import Any

from edgeworker.paddle_graph import ProgramGraph
from edgeworker.rewrite import Rewrite

from .merge_mixed_depthwise import MergeMixedDepthwise
from .merge_split_pointwise import MergeSplitPointwise
from .widen_groups import WidenGroups

SPEED_REWRITES: tuple[Rewrite[ProgramGraph, Any], ...] = (
    MergeMixedDepthwise(),
    MergeSplitPointwise(),
    WidenGroups(),
)
