"""Where integers end in a QDQ model: its outputs, and nodes with weights in FP32.

ONNX Runtime's quantiser rounds a model's outputs to 8 bits, and those of the last product before its bias too. Nothing
multiplies with them any more, so that no time is saved, and two classes come to the same value: 2.9 % of photos in
ResNet18 had two largest logits.

ONNX Runtime itself makes integers of weights in FP32 while it loads a model (`WeightBiasQuantization`, seen in
1.32.0): of a convolution or `Gemm` that reads dequantised values and whose output is quantised, with one step for all
channels. A layer that was to stay in FP32 would lose more than in 8 bits. It does so where the values have one step;
those of such a node are dequantised with a step for each channel, all the same.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import onnx
from onnx import helper, numpy_helper

PASSED = ("Add", "Sub", "Mul", "Div", "Softmax", "LogSoftmax", "Sigmoid", "Reshape", "Flatten", "Squeeze", "Unsqueeze",
          "Identity", "Transpose")  # fmt: skip
"""Operators without a weight, of which the last ones stay in FP32. A pooling before them sums many values in 8 bits."""
FLOAT_RESULT = ("MatMul", "Gemm")
"""Products of integers that ONNX Runtime computes with a result in FP32; a convolution's must be integers."""
REQUANTISED = ("Conv", "ConvTranspose", "Gemm")


def end_in_float(model: onnx.ModelProto, prepared: onnx.ModelProto) -> None:
    """Change a QDQ model of `prepared`, the one in FP32: outputs and what makes them are FP32, and so stay weights."""
    constants = {tensor.name: tensor for tensor in prepared.graph.initializer}
    before = {node.name: node for node in prepared.graph.node}
    outputs_in_float(model.graph, before, constants)
    weights_in_float(model.graph)
    restore(model.graph, constants)


def outputs_in_float(
    graph: onnx.GraphProto, before: dict[str, onnx.NodeProto], constants: dict[str, onnx.TensorProto]
) -> None:
    """Take the quantisations out between the last product and the outputs.

    `before` and `constants` are the nodes and the initialisers of the model in FP32, by name.
    """
    made = {output: node for node in graph.node for output in node.output}
    reads = Counter(name for node in graph.node for name in node.input)
    outputs = {one.name for one in graph.output}
    dropped: list[onnx.NodeProto] = []

    def pair_above(name: str) -> tuple[onnx.NodeProto, onnx.NodeProto] | None:
        """The Q and the DQ that make a value, where nothing else reads what they take."""
        dequantise = made.get(name)
        if dequantise is None or dequantise.op_type != "DequantizeLinear":
            return None
        quantise = made.get(dequantise.input[0])
        if quantise is None or reads[quantise.output[0]] > 1 or reads[quantise.input[0]] > 1:
            return None
        return quantise, dequantise

    def in_float(name: str) -> str:
        """The value without its quantisation, whose maker is in FP32 then too."""
        if reads[name] + (name in outputs) > 1:
            return name
        pair = pair_above(name)
        value = pair[0].input[0] if pair else name
        maker = made.get(value)
        if maker is None or maker.op_type not in (*PASSED, *FLOAT_RESULT):
            return name
        dropped.extend(pair or ())
        follow(maker)
        return value

    def follow(maker: onnx.NodeProto) -> None:
        if maker.op_type not in PASSED or maker.name not in before:
            return
        for place, name in enumerate(maker.input):
            source = made.get(name)
            original = before[maker.name].input[place]
            if source is not None and source.op_type == "DequantizeLinear" and original in constants:
                if reads[name] == 1:
                    dropped.append(source)
                    maker.input[place] = original
            else:
                maker.input[place] = in_float(name)

    for output in outputs:
        if (value := in_float(output)) != output:
            last = made[value]
            last.output[list(last.output).index(value)] = output
    for node in dropped:
        graph.node.remove(node)


def restore(graph: onnx.GraphProto, constants: dict[str, onnx.TensorProto]) -> None:
    """Keep the nodes and initialisers that are read, and bring back those of `constants` that are read again."""
    while True:
        read = {name for node in graph.node for name in node.input} | {one.name for one in graph.output}
        unread = [node for node in graph.node if not read.intersection(node.output)]
        if not unread:
            break
        for node in unread:
            graph.node.remove(node)
    there = {tensor.name for tensor in graph.initializer} | {name for node in graph.node for name in node.output}
    for tensor in [tensor for tensor in graph.initializer if tensor.name not in read]:
        graph.initializer.remove(tensor)
    graph.initializer.extend(constants[name] for name in sorted(read & constants.keys() - there))


def weights_in_float(graph: onnx.GraphProto) -> None:
    """Have nodes with weights in FP32 read values that ONNX Runtime does not take for a reason to round the weights."""
    constants = {tensor.name: tensor for tensor in graph.initializer}
    made = {output: node for node in graph.node for output in node.output}
    for node in list(graph.node):
        source = made.get(node.input[0]) if node.op_type in REQUANTISED else None
        if source is None or source.op_type != "DequantizeLinear" or node.input[1] not in constants:
            continue
        chosen = [numpy_helper.to_array(constants[name]) for name in source.input[1:]]
        if chosen[0].size > 1:
            continue
        channels = channels_of(node, constants[node.input[1]].dims)
        names = [f"{node.name}.{part}" for part in ("value_scale", "value_zero_point")][: len(chosen)]
        for name, one in zip(names, chosen, strict=True):
            values = np.full(channels, one.reshape(()), one.dtype)
            graph.initializer.append(numpy_helper.from_array(values, name))
        own = helper.make_node(
            "DequantizeLinear", [source.input[0], *names], [f"{node.name}.value"], f"{node.name}.value", axis=1
        )
        graph.node.insert(list(graph.node).index(node), own)
        node.input[0] = own.output[0]


def channels_of(node: onnx.NodeProto, weight: Sequence[int]) -> int:
    """How many channels a node's values have, by its weight's shape."""
    given = {one.name: one.i for one in node.attribute if one.type == onnx.AttributeProto.INT}
    if node.op_type == "Conv":
        return weight[1] * given.get("group", 1)
    if node.op_type == "Gemm" and given.get("transB"):
        return weight[1]
    return weight[0]
