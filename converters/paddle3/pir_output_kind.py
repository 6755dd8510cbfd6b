"""What an output of a Paddle 3 program means."""

from collections.abc import Mapping
from typing import Any

from edgeworker.output_kind import Made, output_kind
from pir_program import Op

# Paddle 2's names of those that `edgeworker.output_kind` knows.
OLD_NAMES = {
    "add": "elementwise_add",
    "batch_norm_": "batch_norm",
    "divide": "elementwise_div",
    "expand_as": "expand_as_v2",
    "maximum": "elementwise_max",
    "mean": "reduce_mean",
    "multiply": "elementwise_mul",
    "share_data_": "share_data",
    "sum": "reduce_sum",
    "sync_batch_norm_": "sync_batch_norm",
}


def kind_of(fetch: Op, producers: Mapping[int, Op]) -> tuple[str, str]:
    """The kind of the output that `fetch` hands over, and how it is known; `producers` are by their values' numbers."""

    def maker(number: Any) -> Made | None:
        return _made(producers[number], producers) if number in producers else None

    (number,) = fetch.inputs
    return output_kind(number, maker)


def _made(op: Op, producers: Mapping[int, Op]) -> Made:
    by_class = True
    if op.name == "softmax":
        result = op.results[0]
        by_class = op.attribute("axis") % len(result.shape) == 1
    return Made(OLD_NAMES.get(op.name, op.name), op.inputs, _is_scale_by_one(op, producers), by_class)


def _is_scale_by_one(op: Op, producers: Mapping[int, Op]) -> bool:
    if op.name != "scale" or op.attribute("bias") != 0:
        return False
    factor = producers[op.inputs[1]]
    return factor.name == "full" and factor.attribute("value") == 1
