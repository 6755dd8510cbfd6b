"""From `model.onnx` to the graph that pnnx gets: the step that `convert.py` and `rewrite.py` share."""

from typing import Any

from edgeworker.refusal import Refusal
from edgeworker.rewrite import Rewrite, apply_rewrites, select
from onnx_graph import OnnxGraph
from rewrites import REWRITES


def chosen_rewrites(names: list[str]) -> list[Rewrite[OnnxGraph, Any]]:
    """The rewrites called `names`, in that order; raises Refusal for one that there is not."""
    try:
        return select(REWRITES, names)
    except KeyError as error:
        known = ", ".join(rewrite.name for rewrite in REWRITES)
        raise Refusal(f"there is no ncnn rewrite {error}; there are: {known}", kind="input") from error


def rewrite_graph(graph: OnnxGraph, rewrites: list[Rewrite[OnnxGraph, Any]]) -> list[dict[str, Any]]:
    """Apply `rewrites` to `graph` and drop, after each, what nothing reads any more; returns their reports."""
    reports: list[dict[str, Any]] = []
    for rewrite in rewrites:
        reports += apply_rewrites(graph, [rewrite])
        graph.prune()
    return reports
