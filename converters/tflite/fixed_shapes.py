"""Shapes that onnx2tf leaves open though they are known.

Behind a Split it counts on extents that are found when the model runs, and flattens an image to [-1, -1], which LiteRT
refuses: "XNNPack delegate failed to reshape runtime" (onnx2tf 2.6.9; CSPDarkNet53).
"""

from math import prod
from typing import Any

import numpy as np
from model_file import add_constant, kind_of, name_of


def fix(model: Any) -> int:
    """Give each RESHAPE of a `ModelT` that leaves more than one extent open its result's shape; returns how many."""
    graph = model.subgraphs[0]
    fixed = 0
    for operator in graph.operators:
        if kind_of(model, operator) != "RESHAPE" or len(operator.inputs) < 2:
            continue
        target = graph.tensors[operator.inputs[1]]
        data = model.buffers[target.buffer].data
        if data is None or np.count_nonzero(np.frombuffer(bytes(data), np.int32) < 0) < 2:
            continue
        ends = (operator.inputs[0], operator.outputs[0])
        source, result = ([int(extent) for extent in graph.tensors[number].shape] for number in ends)
        if prod(source) != prod(result):
            continue  # an extent that is not known is 1 there
        operator.inputs = [operator.inputs[0], add_constant(model, name_of(target), np.array(result, np.int32))]
        if operator.builtinOptions is not None:
            operator.builtinOptions.newShape = result
        fixed += 1
    return fixed
