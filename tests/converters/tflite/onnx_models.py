"""ONNX models of a few operators, and what LiteRT makes of them beside ONNX's own definition."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from safetensors.numpy import load_file, save_file

from conftest import RunWorker

OPSET = 15
"""Of older ones ONNX's own evaluator takes a batch norm for one that is being trained."""


def model_of(
    nodes: Sequence[onnx.NodeProto],
    shape: Sequence[int],
    outputs: Sequence[str],
    constants: Mapping[str, np.ndarray],
) -> onnx.ModelProto:
    """A checked model of the input x with this shape, the other shapes inferred; all but whole numbers in float32."""
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [
            numpy_helper.from_array(value if value.dtype == np.int64 else value.astype(np.float32), name)
            for name, value in constants.items()
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    model = onnx.shape_inference.infer_shapes(model, strict_mode=True)
    onnx.checker.check_model(model)
    return model


def computed(model: onnx.ModelProto, x: np.ndarray) -> dict[str, np.ndarray]:
    """The outputs by ONNX's definition, by name."""
    values = ReferenceEvaluator(model).run(None, {"x": x})
    return {one.name: np.asarray(value) for one, value in zip(model.graph.output, values, strict=True)}


def converted_alike(
    run_worker: RunWorker, model: onnx.ModelProto, folder: Path, rewrites: Sequence[str] = ()
) -> dict[str, Any]:
    """What the conversion tells of the model; what it makes of a sample must be what ONNX's definition makes of it."""
    onnx.save(model, folder / "model.onnx")
    details, output = run_worker("tflite/convert.py", {"onnx": folder / "model.onnx"}, {"rewrites": list(rewrites)})
    dims = model.graph.input[0].type.tensor_type.shape.dim
    x = np.random.default_rng(0).standard_normal([one.dim_value for one in dims]).astype(np.float32)
    save_file({"x": x}, folder / "x.safetensors")
    inputs = {"model": output / "model.tflite", "tensors": folder / "x.safetensors"}
    found = load_file(run_worker("tflite/run.py", inputs, {})[1] / "outputs.safetensors")
    for name, expected in computed(model, x).items():
        np.testing.assert_allclose(found[name], expected, rtol=1e-4, atol=1e-5, err_msg=name)
    return details
