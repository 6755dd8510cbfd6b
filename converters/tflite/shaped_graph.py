"""An ONNX graph with the shapes of its values, as the rewrites of this folder need it."""

from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper


class ShapedGraph:
    """`model` with fixed shapes: what rewrites ask of it and do to it."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.model = model
        graph = onnx.shape_inference.infer_shapes(model).graph
        self._shapes = {
            value.name: [dim.dim_value for dim in value.type.tensor_type.shape.dim]
            for value in (*graph.input, *graph.value_info, *graph.output)
            if all(dim.HasField("dim_value") for dim in value.type.tensor_type.shape.dim)
        }
        self._constants = {tensor.name: tensor for tensor in graph.initializer}

    def shape(self, name: str) -> list[int] | None:
        """A computed value's shape; None where it is not fixed."""
        return self._shapes.get(name)

    def constant_shape(self, name: str) -> list[int] | None:
        """A constant's shape; None of what is computed."""
        return list(self._constants[name].dims) if name in self._constants else None

    def constant(self, name: str) -> np.ndarray | None:
        """What a constant holds; None of what is computed."""
        return numpy_helper.to_array(self._constants[name]) if name in self._constants else None

    def store(self, name: str, values: np.ndarray) -> str:
        """A new constant; returns its name."""
        self.model.graph.initializer.append(numpy_helper.from_array(values, name))
        return name

    def nodes(self, kind: str) -> list[onnx.NodeProto]:
        """Those of a kind."""
        return [node for node in self.model.graph.node if node.op_type == kind]

    def reshape(self, name: str, result: str, shape: list[int]) -> onnx.NodeProto:
        """A node, not yet in the graph, that makes `result` of `name` in another shape."""
        target = self.store(f"{result}_shape", np.array(shape, np.int64))
        return helper.make_node("Reshape", [name, target], [result], name=result)

    def put(self, node: onnx.NodeProto, nodes: list[onnx.NodeProto]) -> None:
        """`nodes` in the place of `node`."""
        every: list[Any] = list(self.model.graph.node)
        place = next(index for index, one in enumerate(every) if one is node or one == node)
        every[place : place + 1] = nodes
        del self.model.graph.node[:]
        self.model.graph.node.extend(every)
