"""Fully connected layers as one operator.

Paddle's `linear` becomes `MatMul` and `Add`. In 8 bits these are two operators with a rounding between them; `Gemm` has
its bias in 32 bits, and can give its result in FP32.
"""

from collections import Counter

import onnx
from onnx import helper


def with_gemm(model: onnx.ModelProto) -> onnx.ModelProto:
    """A model whose `MatMul` of a matrix with a weight and `Add` of a bias are a `Gemm` of the product's name.

    Values with more axes than two have no `Gemm`. What is returned has the shapes of all values that can be known.
    """
    model = onnx.shape_inference.infer_shapes(model)
    graph = model.graph
    constants = {tensor.name: tensor for tensor in graph.initializer}
    axes = {one.name: len(one.type.tensor_type.shape.dim) for one in (*graph.value_info, *graph.input)}
    reads = Counter(name for node in graph.node for name in node.input)
    outputs = {one.name for one in graph.output}
    products = {node.output[0]: node for node in graph.node if node.op_type == "MatMul"}
    for node in [node for node in graph.node if node.op_type == "Add"]:
        value = next((name for name in node.input if name in products), None)
        if value is None or reads[value] > 1 or value in outputs:
            continue
        product = products[value]
        bias = next((name for name in node.input if name in constants), None)
        weight = constants.get(product.input[1])
        if weight is None or bias is None or axes.get(product.input[0]) != 2:
            continue
        if list(constants[bias].dims) != [weight.dims[1]]:
            continue
        joined = helper.make_node("Gemm", [*product.input, bias], list(node.output), product.name)
        place = list(graph.node).index(node)
        graph.node.remove(node)
        graph.node.insert(place, joined)
        graph.node.remove(product)
    return model
