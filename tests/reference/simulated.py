"""An ONNX model that computes in TF32 or FP16 on any machine, as tensor cores do: real arithmetic for tests.

Convolutions and matrix products get their factors rounded to 10 bits of mantissa and sum in FP32 (NVIDIA A100 Tensor
Core GPU Architecture, "TF32"). Activations are rounded by Dekker's splitting (T. Dekker, *A floating-point technique
for extending the available precision*, 1971): with c = x (2^13 + 1) in FP32, c - (c - x) is x to 11 significant bits.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tests.reference.making import keep_bits

PRODUCTS = ("Conv", "Gemm", "MatMul")
SUMS = ("Add",)


def simulate(source: Path, target: Path, kind: str) -> None:
    """Write `source` to `target` so that every product is of factors in `kind`: "tf32" or "fp16".

    In FP16 the results of products and sums are in FP16 as well.
    """
    model = onnx.load(source)
    graph = model.graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    graph.initializer.append(numpy_helper.from_array(np.array(2**13 + 1, np.float32), "splitter"))
    nodes: list[onnx.NodeProto] = []
    rounded: dict[str, str] = {}
    for node in list(graph.node):
        if node.op_type not in PRODUCTS + SUMS:
            nodes.append(node)
            continue
        for index in range(2 if node.op_type in PRODUCTS else 0):
            name = node.input[index]
            if name in weights:
                values = numpy_helper.to_array(weights[name])
                values = keep_bits(values, 10) if kind == "tf32" else values.astype(np.float16).astype(np.float32)
                weights[name].CopyFrom(numpy_helper.from_array(values, name))
            else:
                if name not in rounded:
                    nodes += rounding(name, kind)
                    rounded[name] = f"{name}/{kind}"
                node.input[index] = rounded[name]
        nodes.append(node)
        if kind == "fp16":
            result = node.output[0]
            node.output[0] = f"{result}/wide"
            nodes += cast(f"{result}/wide", result)
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.save(model, target)


def rounding(name: str, kind: str) -> list[onnx.NodeProto]:
    """Nodes that round the tensor `name`, as `name/kind`."""
    if kind == "fp16":
        return cast(name, f"{name}/{kind}")
    product, difference = f"{name}/product", f"{name}/difference"
    return [
        helper.make_node("Mul", [name, "splitter"], [product]),
        helper.make_node("Sub", [product, name], [difference]),
        helper.make_node("Sub", [product, difference], [f"{name}/{kind}"]),
    ]


def cast(name: str, target: str) -> list[onnx.NodeProto]:
    """Nodes that round a tensor to FP16 and widen it again."""
    return [
        helper.make_node("Cast", [name], [f"{target}/half"], to=TensorProto.FLOAT16),
        helper.make_node("Cast", [f"{target}/half"], [target], to=TensorProto.FLOAT),
    ]
