"""An ONNX model as the rewrites see it: nodes by output, static shapes, fresh names."""

import numpy as np
import onnx
from edgeworker.protocol import Refusal
from onnx import numpy_helper, shape_inference

# Constants of at most so many elements take part in shape inference; larger ones are weights.
_SHAPE_ELEMENTS = 64


class OnnxGraph:
    """A model and the static shapes of its values. `model` is changed in place."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.model = model
        self._shapes = _static_shapes(model)
        self._used = {name for node in model.graph.node for name in (*node.input, *node.output)}

    @property
    def opset(self) -> int:
        """The version of ONNX's own operators that the model is written in."""
        return next(entry.version for entry in self.model.opset_import if entry.domain in ("", "ai.onnx"))

    def shape(self, value: str) -> list[int] | None:
        """The shape of a value, or None where a dimension is open or shape inference does not reach it."""
        return self._shapes.get(value)

    def input_shapes(self) -> dict[str, list[int]]:
        """Graph input -> shape, in the graph's order. Raises Refusal where a dimension is open."""
        constants = {tensor.name for tensor in self.model.graph.initializer}
        return self._ports([value.name for value in self.model.graph.input if value.name not in constants])

    def output_shapes(self) -> dict[str, list[int]]:
        """Graph output -> shape, in the graph's order. Raises Refusal where a dimension is open."""
        return self._ports([value.name for value in self.model.graph.output])

    def _ports(self, names: list[str]) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for name in names:
            shape = self.shape(name)
            if shape is None:
                raise Refusal(
                    f"the ONNX model's {name!r} has no fixed shape",
                    "Export the program with a fixed batch and input size",
                    kind="input",
                )
            found[name] = shape
        return found

    def add_constant(self, wanted: str, value: np.ndarray) -> str:
        """Add an initializer named after `wanted`; returns its name."""
        name = self.fresh_name(wanted)
        self.model.graph.initializer.append(numpy_helper.from_array(value, name))
        return name

    def fresh_name(self, wanted: str) -> str:
        """`wanted`, or `wanted_1`, ...: a name that no value has yet."""
        name, number = wanted, 0
        while name in self._used:
            number += 1
            name = f"{wanted}_{number}"
        self._used.add(name)
        return name

    def insert(self, node: onnx.NodeProto, beside: onnx.NodeProto, after: bool = False) -> None:
        """Put `node` before (or after) `beside`: ONNX keeps nodes in the order of computation."""
        index = next(i for i, other in enumerate(self.model.graph.node) if other is beside)
        self.model.graph.node.insert(index + after, node)


def _static_shapes(model: onnx.ModelProto) -> dict[str, list[int]]:
    """Shape inference on the graph without its weights, which would be copied twice."""
    bare = onnx.ModelProto(ir_version=model.ir_version, opset_import=model.opset_import)
    graph = bare.graph
    graph.name = "shapes"
    graph.node.extend(model.graph.node)
    graph.input.extend(model.graph.input)
    graph.output.extend(model.graph.output)
    given = {value.name for value in model.graph.input}
    for tensor in model.graph.initializer:
        if np.prod(tensor.dims) <= _SHAPE_ELEMENTS:
            graph.initializer.append(tensor)
        elif tensor.name not in given:
            graph.input.append(onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims))
    inferred = shape_inference.infer_shapes(bare, data_prop=True).graph
    shapes = {tensor.name: list(tensor.dims) for tensor in model.graph.initializer}
    for value in (*inferred.input, *inferred.value_info, *inferred.output):
        tensor = value.type.tensor_type
        if tensor.HasField("shape") and all(dim.HasField("dim_value") for dim in tensor.shape.dim):
            shapes[value.name] = [dim.dim_value for dim in tensor.shape.dim]
    return shapes
