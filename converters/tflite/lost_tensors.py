"""Tensors that onnx2tf leaves without an operator that makes them.

Where a sum of images is read both with the channels last and with the channels first, its pass `pre_add_layout` keeps
the first alone, under the name `NAME_nhwc_bridge`, and what reads the other, `NAME`, has nothing to read: LiteRT ends
such a run with "Input tensor lacks data" (onnx2tf 2.6.9; FasterNet).
"""

from typing import Any

import numpy as np
from channels_last import TO_FIRST
from edgeworker.refusal import Refusal
from model_file import add_constant, kind_of, name_of, transposition

_KEPT = "_nhwc_bridge"


def restore(model: Any) -> int:
    """Make each lost tensor of a `ModelT` from the one that was kept; returns how many there were.

    Raises Refusal where an operator would still read what nothing makes.
    """
    graph = model.subgraphs[0]
    made_at = {int(number): at for at, operator in enumerate(graph.operators) for number in operator.outputs}
    by_name = {name_of(graph.tensors[number]): number for number in made_at}
    after: dict[int, list[Any]] = {}
    order = None
    for number, reader in _lost(model, made_at).items():
        name, shape = name_of(graph.tensors[number]), [int(extent) for extent in graph.tensors[number].shape]
        kept = by_name.get(name + _KEPT)
        if kept is None or [int(graph.tensors[kept].shape[axis]) for axis in TO_FIRST] != shape:
            raise Refusal(f"onnx2tf left the {kind_of(model, reader)} that reads {name} without anything to read")
        if order is None:
            order = add_constant(model, "channels_first", np.array(TO_FIRST, np.int32))
        after.setdefault(made_at[kept], []).append(transposition(model, kept, order, number))
    if after:
        graph.operators = [one for at, operator in enumerate(graph.operators) for one in (operator, *after.get(at, []))]
    return sum(len(turnings) for turnings in after.values())


def _lost(model: Any, made_at: dict[int, int]) -> dict[int, Any]:
    """Tensors that nothing makes and that hold nothing, each with an operator that reads it."""
    graph = model.subgraphs[0]
    given = {*made_at, *(int(number) for number in graph.inputs)}
    return {
        int(number): operator
        for operator in graph.operators
        for number in operator.inputs
        if number >= 0 and int(number) not in given and not _holds(model, graph.tensors[number])
    }


def _holds(model: Any, tensor: Any) -> bool:
    """Whether a tensor has values in the file, if only none at all."""
    data = model.buffers[tensor.buffer].data
    return (data is not None and len(data) > 0) or (tensor.shape is not None and 0 in list(tensor.shape))
