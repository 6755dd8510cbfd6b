"""Products with a stored matrix as FULLY_CONNECTED, whose INT8 has a scale for each output channel."""

from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from model_file import kind_of

_NO_BIAS = -1


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
        model.buffers.append(schema.BufferT(np.frombuffer(turned.tobytes(), np.uint8)))
        graph.tensors.append(
            schema.TensorT(
                shape=list(turned.shape),
                type=tensor.type,
                buffer=len(model.buffers) - 1,
                name=tensor.name,
                hasRank=True,
            )
        )
        operator.opcodeIndex = _code(model)
        operator.inputs = [operator.inputs[0], len(graph.tensors) - 1, _NO_BIAS]
        operator.builtinOptionsType = schema.BuiltinOptions.FullyConnectedOptions
        operator.builtinOptions = schema.FullyConnectedOptionsT(keepNumDims=True)
        count += 1
    return count


def _code(model: Any) -> int:
    kind = schema.BuiltinOperator.FULLY_CONNECTED
    for at, code in enumerate(model.operatorCodes):
        if max(code.builtinCode, code.deprecatedBuiltinCode) == kind:
            return at
    model.operatorCodes.append(schema.OperatorCodeT(deprecatedBuiltinCode=kind, version=5, builtinCode=kind))
    return len(model.operatorCodes) - 1
