"""The layers of a QDQ model whose products are added in pairs (`edgeworker.pair_sums`)."""

from collections.abc import Iterator, Mapping

import numpy as np
import onnx
from edgeworker.pair_sums import Product, of_convolution
from onnx import numpy_helper

SUFFIX = "_quantized"


def products_of(model: onnx.ModelProto) -> Iterator[Product]:
    """The layers of a QDQ model that such processors compute by pairs."""
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    made = {node.output[0]: node for node in model.graph.node if node.op_type == "DequantizeLinear"}
    quantised = {node.output[0]: node for node in model.graph.node if node.op_type == "QuantizeLinear"}
    for node in model.graph.node:
        if node.op_type not in ("Conv", "Gemm", "MatMul"):
            continue
        value, weight = (made.get(name) for name in node.input[:2])
        if value is None or weight is None or weight.input[0] not in constants or value.input[0] not in quantised:
            continue
        written = quantised[value.input[0]]
        stored = numpy_helper.to_array(constants[weight.input[0]])
        attributes = {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute}
        groups = attributes.get("group", 1)
        paired = as_paired(node.op_type, stored, attributes)
        if paired is None or (node.op_type == "Conv" and stored.shape[1] == 1 and groups > 1):
            continue
        scale, zero = (numpy_helper.to_array(constants[name]) for name in written.input[1:3])
        yield Product(
            values=written.input[0],
            scale=float(scale),
            zero_point=int(zero),
            weight=weight.input[0].removesuffix(SUFFIX),
            axis=next((one.i for one in weight.attribute if one.name == "axis"), 1),
            weights=paired,
            groups=groups,
            last=node.op_type != "Conv",
        )


def as_paired(kind: str, stored: np.ndarray, attributes: Mapping[str, object]) -> np.ndarray | None:
    """Weights as [channels, positions, values], in the order in which they are paired; None for another form."""
    if stored.dtype != np.int8:
        return None
    if kind == "Conv":
        return of_convolution(stored)
    if stored.ndim != 2:
        return None
    turned = stored if kind == "Gemm" and attributes.get("transB") else stored.T
    return turned[:, None, :]
