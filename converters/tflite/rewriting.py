"""From `model.onnx` to the graph that onnx2tf gets: the step that `convert.py` and `rewrite.py` share."""

from typing import Any

import onnx
from edgeworker.refusal import Refusal
from edgeworker.rewrite import apply_rewrites, select
from rewrites import REWRITES
from shaped_graph import ShapedGraph


def rewritten(model: onnx.ModelProto, names: list[str]) -> list[dict[str, Any]]:
    """Apply the rewrites called `names` to a model, in that order; returns their reports. Raises Refusal (input)."""
    try:
        chosen = select(REWRITES, names)
    except KeyError as error:
        known = ", ".join(rewrite.name for rewrite in REWRITES)
        raise Refusal(f"there is no TFLite rewrite {error}; there are: {known}", kind="input") from error
    return apply_rewrites(ShapedGraph(model), chosen)
