"""Weights of convolutions that stay in FP32, stored in 8 bits: a quarter of the file, and the same arithmetic.

NNCF leaves squeeze-and-excitation in FP32. OpenVINO widens such weights as it compiles
the model. Products of matrices stay as they are: with weights in 8 bits the CPU plugin may round their activations too.
"""

# A type checker without these packages takes folders of their names for them.
# pyright: reportAttributeAccessIssue=false

from collections.abc import Collection

import numpy as np
import openvino
from openvino import opset13
from read_ir import weighted

LARGEST = 127
WORTH_IT = 2048
"""Values: below it scales and the layers that widen them take about what is saved."""


def store_in_8_bits(model: openvino.Model, keep: Collection[str]) -> int:
    """Store the weights of convolutions in FP32 as integers with a scale for each channel, but of those to `keep`;
    returns how many.
    """
    count = 0
    for node in weighted(model):
        weight = node.input_value(1).get_node()
        kind, name = node.get_type_name(), node.get_friendly_name()
        if kind not in ("Convolution", "GroupConvolution") or name in keep or weight.get_type_name() != "Constant":
            continue
        values = np.array(weight.data)
        if values.dtype != np.float32 or values.size < WORTH_IT:
            continue
        # [channels, ...], or [groups, channels of a group, ...].
        others = tuple(range(1 if kind == "Convolution" else 2, values.ndim))
        largest = np.abs(values).max(axis=others, keepdims=True)
        scale = np.where(largest > 0, largest / np.float32(LARGEST), 1).astype(np.float32)
        integers = np.rint(values / scale).astype(np.int8)
        # OpenVINO numbers what has no name anew each time.
        stored, factor = opset13.constant(integers, dtype=np.int8), opset13.constant(scale, dtype=np.float32)
        widened = opset13.convert(stored, "f32")
        scaled = opset13.multiply(widened, factor)
        for one, ending in ((stored, ""), (factor, "/scale"), (widened, "/widened"), (scaled, "/scaled")):
            one.set_friendly_name(weight.get_friendly_name() + ending)
        node.input(1).replace_source_output(scaled.output(0))
        count += 1
    model.validate_nodes_and_infer_types()
    return count
