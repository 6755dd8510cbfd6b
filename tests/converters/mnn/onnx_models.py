"""Small ONNX models for MNN's converter."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def small_model(
    folder: Path,
    nodes: list[onnx.NodeProto],
    shape: Sequence[int | str],
    weights: Mapping[str, np.ndarray] = MappingProxyType({}),
) -> Path:
    """An ONNX model of one input x and one output y."""
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    path = folder / "model.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path
