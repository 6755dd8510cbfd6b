"""A small ONNX graph through pnnx into ncnn, beside ONNX's reference implementation in float64."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper
from onnx.reference import ReferenceEvaluator
from safetensors.numpy import load_file, save_file

from tests.converters.ncnn.attention_graphs import image


@dataclass(frozen=True)
class InNcnn:
    """What the conversion reported, and the largest difference in ncnn relative to the largest value."""

    details: dict[str, Any]
    error: float


def through_ncnn(run_worker, folder: Path, model: onnx.ModelProto, rewrites: list[str]) -> InNcnn:
    """Convert `model`, with one output, and run it on normal numbers. Raises what the workers raise."""
    x = image(model)
    onnx.save(model, folder / "model.onnx")
    save_file({"x": x}, folder / "tensors.safetensors")
    details, output = run_worker("ncnn/convert.py", {"onnx": folder / "model.onnx"}, {"rewrites": rewrites})
    (port,) = details["outputs"]
    _, results = run_worker(
        "ncnn/run.py",
        {
            "param": output / "model.ncnn.param",
            "bin": output / "model.ncnn.bin",
            "tensors": folder / "tensors.safetensors",
        },
        details["io"] | {"output_shapes": {port["name"]: port["shape"]}, "threads": 2},
    )
    result = load_file(results / "outputs.safetensors")[port["name"]]
    expected = in_float64(model, x)
    assert result.shape == expected.shape
    return InNcnn(details, float(np.abs(result - expected).max() / np.abs(expected).max()))


def in_float64(model: onnx.ModelProto, x: np.ndarray) -> np.ndarray:
    exact = onnx.ModelProto.FromString(model.SerializeToString())
    for tensor in exact.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT:
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float64), tensor.name))
    del exact.graph.value_info[:]
    for value in (*exact.graph.input, *exact.graph.output):
        value.type.tensor_type.elem_type = TensorProto.DOUBLE
    (result,) = ReferenceEvaluator(exact).run(None, {"x": x.astype(np.float64)})
    assert np.asarray(result).dtype == np.float64
    return np.asarray(result)
