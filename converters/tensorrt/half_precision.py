"""An FP32 ONNX graph in FP16, with inputs and outputs still in FP32.

TensorRT-RTX takes every tensor's type from the graph (strong typing) and has no flag that lets it choose FP16. So the
graph itself is converted, with ONNX Runtime's tool, which keeps FP32 around operators that need it.
"""

import onnx
from onnxruntime.transformers.float16 import convert_float_to_float16
from onnxruntime.transformers.onnx_model import OnnxModel


def in_half_precision(model: onnx.ModelProto) -> onnx.ModelProto:
    """The graph in FP16; `model` itself is changed on the way and of no use afterwards."""
    converted = OnnxModel(convert_float_to_float16(model, keep_io_types=True))
    # The casts behind the inputs are appended at the end, after what uses them.
    converted.topological_sort()
    return converted.model
