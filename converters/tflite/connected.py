"""Products with a stored matrix as FULLY_CONNECTED, whose INT8 has a scale for each output channel."""

from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from model_file import add_constant, kind_of, operator_code

_NO_BIAS = -1
_VERSION = 5
"""Of FULLY_CONNECTED: the first that keeps the dimensions (versioning.cc of LiteRT)."""


def connect(model: Any) -> int:
    """Change each BATCH_MATMUL with a stored matrix [in, out] of a `ModelT`; returns how many there were."""
    graph, count = model.subgraphs[0], 0
    for operator in graph.operators:
        if kind_of(model, operator) != "BATCH_MATMUL" or operator.builtinOptions.adjX or operator.builtinOptions.adjY:
            continue
        tensor = graph.tensors[operator.inputs[1]]
        data = model.buffers[tensor.buffer].data
        if data is None or len(tensor.shape) != 2:
            continue
        turned = np.ascontiguousarray(np.frombuffer(bytes(data), np.float32).reshape(tensor.shape).T)
        operator.opcodeIndex = operator_code(model, "FULLY_CONNECTED", _VERSION)
        operator.inputs = [operator.inputs[0], add_constant(model, tensor.name, turned), _NO_BIAS]
        operator.builtinOptionsType = schema.BuiltinOptions.FullyConnectedOptions
        operator.builtinOptions = schema.FullyConnectedOptionsT(keepNumDims=True)
        count += 1
    return count
