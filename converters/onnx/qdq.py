"""The quantisation that an ONNX model describes by QuantizeLinear and DequantizeLinear (QDQ)."""

import numpy as np
import onnx
from edgeworker.ledger.stored import Quantised, Stored
from onnx import numpy_helper

PAIR = ("QuantizeLinear", "DequantizeLinear")
# Of which input of an operator each channel's bias is stored in steps of input scale x weight scale.
WITH_BIAS = ("Conv", "ConvTranspose", "Gemm")
SAME = 1e-6  # a product of two float32 numbers, rounded once


class Quantisation:
    """Which initialisers of a graph are integers that stand for parameters, and which are scales and zero points."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self._constants = {tensor.name: tensor for tensor in graph.initializer}
        self._pairs = [node for node in graph.node if node.op_type in PAIR]
        self._chosen = {name for node in self._pairs for name in node.input[1:]}
        self._integers = {node.input[0]: node for node in self._pairs if node.input[0] in self._constants}
        made = {node.output[0]: node for node in self._pairs}
        self._products: dict[str, tuple[onnx.NodeProto, onnx.NodeProto]] = {}
        for node in graph.node:
            if node.op_type in WITH_BIAS and len(node.input) > 2 and all(name in made for name in node.input[:3]):
                value, weight, bias = (made[name] for name in node.input[:3])
                self._products[bias.input[0]] = (value, weight)

    def stored(self, name: str, layer: str, values: np.ndarray) -> Stored | None:
        """The tensor as the ledger takes it; None for one that has nothing to do with a quantisation."""
        if name in self._chosen:
            return Stored(name, layer, np.atleast_1d(values), chosen=True)
        if (node := self._integers.get(name)) is None:
            return None
        quantised = self._read(node)
        fault = self._fault(name, quantised)
        return Stored(name, layer, values, quantised=quantised, fault=fault)

    def _read(self, node: onnx.NodeProto) -> Quantised:
        axis = next((one.i for one in node.attribute if one.name == "axis"), 1)
        scale = np.atleast_1d(numpy_helper.to_array(self._constants[node.input[1]]))
        if len(node.input) > 2 and node.input[2]:
            zero = np.atleast_1d(numpy_helper.to_array(self._constants[node.input[2]]))
        else:
            zero = np.zeros_like(scale)
        return Quantised(scale, zero, axis)

    def _fault(self, name: str, quantised: Quantised) -> str:
        """What is wrong with integers whatever they stand for: an asymmetric weight, a bias in other steps."""
        kind = numpy_helper.to_array(self._constants[name]).dtype
        if kind in (np.int8, np.int32) and quantised.zero_point.any():
            return "its zero point is not zero, and it is symmetric"
        if name not in self._products:
            return ""
        value, weight = (self._read(node) for node in self._products[name])
        product = value.scale.astype(np.float64) * weight.scale.astype(np.float64)
        apart = np.abs(product - quantised.scale) > SAME * product
        return "its scale is not that of the input times that of the weight" if apart.any() else ""
