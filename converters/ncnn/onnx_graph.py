"""An ONNX model as the rewrites see it: who writes and reads a value, static shapes, constants, fresh names."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from edgeworker.refusal import Refusal
from onnx import helper, numpy_helper, shape_inference

# Constants of at most so many elements take part in shape inference; larger ones are weights.
_SHAPE_ELEMENTS = 64


class OnnxGraph:
    """A model, the static shapes of its values, and who writes and reads them. `model` is changed in place.

    A rewrite changes a node's inputs and outputs through `connect` and `rename_output`, and adds nodes through
    `insert` and `add`, so that `producer` and `readers` stay true. `prune` drops what nothing reads any more.
    """

    def __init__(self, model: onnx.ModelProto) -> None:
        self.model = model
        self._shapes, self._ranks, self._types = _static_shapes(model)
        self._used = {name for node in model.graph.node for name in (*node.input, *node.output)}
        self._constants = {tensor.name: tensor for tensor in model.graph.initializer}
        self._outputs = {value.name for value in model.graph.output}
        self._producers: dict[str, onnx.NodeProto] = {}
        self._readers: dict[str, list[onnx.NodeProto]] = {}
        for node in model.graph.node:
            self._enter(node)

    @property
    def opset(self) -> int:
        """The version of ONNX's own operators that the model is written in."""
        return next(entry.version for entry in self.model.opset_import if entry.domain in ("", "ai.onnx"))

    def shape(self, value: str) -> list[int] | None:
        """The shape of a value, or None where a dimension is open or shape inference does not reach it."""
        return self._shapes.get(value)

    def rank(self, value: str) -> int | None:
        """How many dimensions a value has, open ones included; None where shape inference does not reach it."""
        shape = self.shape(value)
        return self._ranks.get(value) if shape is None else len(shape)

    def element_type(self, value: str) -> int | None:
        """A TensorProto.DataType; None for a value that a rewrite made, or that shape inference does not reach."""
        return self._types.get(value)

    def constant(self, value: str) -> np.ndarray | None:
        """What an initializer holds; None for every other value."""
        tensor = self._constants.get(value)
        return None if tensor is None else numpy_helper.to_array(tensor)

    def producer(self, value: str) -> onnx.NodeProto | None:
        """The node that writes a value; None for inputs and constants."""
        return self._producers.get(value)

    def readers(self, value: str) -> list[onnx.NodeProto]:
        """The nodes that read a value, each once."""
        return list(self._readers.get(value, ()))

    def precedes(self, node: onnx.NodeProto, other: onnx.NodeProto) -> bool:
        """Whether `node` is computed before `other`."""
        return next(one for one in self.model.graph.node if one is node or one is other) is node

    def is_output(self, value: str) -> bool:
        """Whether the caller gets this value, so that it must keep its name and shape."""
        return value in self._outputs

    def input_shapes(self) -> dict[str, list[int]]:
        """Graph input -> shape, in the graph's order. Raises Refusal where a dimension is open."""
        return self._ports([value.name for value in self.model.graph.input if value.name not in self._constants])

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
        self._constants[name] = self.model.graph.initializer[-1]
        self._shapes[name] = list(value.shape)
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
        index = next(i for i, other in enumerate(self.model.graph.node) if other is beside) + after
        self.model.graph.node.insert(index, node)
        self._enter(self.model.graph.node[index])  # a copy of `node`

    def add(
        self,
        operator: str,
        inputs: Sequence[str],
        output: str,
        shape: Sequence[int],
        beside: onnx.NodeProto,
        after: bool = False,
        **attributes: Any,
    ) -> str:
        """Insert a new node with one output of the given static shape; returns `output`."""
        self._used.add(output)
        self._shapes[output] = list(shape)
        self.insert(helper.make_node(operator, list(inputs), [output], name=output, **attributes), beside, after)
        return output

    def reshape(
        self, value: str, output: str, shape: Sequence[int], beside: onnx.NodeProto, after: bool = False
    ) -> str:
        """Insert a Reshape of `value` to `shape`, which writes `output`; returns `output`."""
        target = self.add_constant(f"{output}.shape", np.array(shape, np.int64))
        return self.add("Reshape", [value, target], output, shape, beside, after)

    def counted(self, value: str, output: str, shape: Sequence[int], beside: onnx.NodeProto) -> str:
        """`value` in the given shape: as it is where it has it, else by a Reshape that writes `output`."""
        return (
            value if self.shape(value) == list(shape) else self.reshape(value, self.fresh_name(output), shape, beside)
        )

    def slice(
        self, value: str, output: str, axis: int, start: int, stop: int, beside: onnx.NodeProto, step: int = 1
    ) -> str:
        """Insert a Slice of `value` along one axis, which writes `output`; returns `output`."""
        bounds = {"start": start, "stop": stop, "axis": axis} | ({"step": step} if step != 1 else {})
        names = [self.add_constant(f"{output}.{what}", np.array([number], np.int64)) for what, number in bounds.items()]
        sizes = list(self.shape(value) or [])
        sizes[axis] = len(range(start, stop, step))
        return self.add("Slice", [value, *names], output, sizes, beside)

    def connect(self, node: onnx.NodeProto, position: int, value: str) -> None:
        """Let `node` read `value` as its input number `position`."""
        before = node.input[position]
        node.input[position] = value
        if before not in node.input:
            self._readers[before] = [reader for reader in self._readers[before] if reader is not node]
        self._note_reader(value, node)

    def rename_output(self, node: onnx.NodeProto, position: int, value: str, shape: Sequence[int] | None) -> None:
        """Let `node` write its output number `position` as `value`; the old name is free for another node."""
        self._producers.pop(node.output[position], None)
        node.output[position] = value
        self._producers[value] = node
        self._used.add(value)
        self._shapes.pop(value, None)
        if shape is not None:
            self._shapes[value] = list(shape)

    def prune(self) -> None:
        """Drop nodes and initializers whose results nothing reads."""
        wanted = set(self._outputs)
        nodes = self.model.graph.node
        for index in range(len(nodes) - 1, -1, -1):
            node = nodes[index]
            if wanted.isdisjoint(node.output):
                for name in node.output:
                    self._producers.pop(name, None)
                for name in set(node.input):
                    self._readers[name] = [reader for reader in self._readers[name] if reader is not node]
                del nodes[index]
            else:
                wanted.update(_reads(node))
        wanted.update(value.name for value in self.model.graph.input)  # an initializer may be a default for one
        tensors = self.model.graph.initializer
        for index in range(len(tensors) - 1, -1, -1):
            if tensors[index].name not in wanted:
                del self._constants[tensors[index].name]
                del tensors[index]

    def _enter(self, node: onnx.NodeProto) -> None:
        self._producers.update({name: node for name in node.output if name})
        for name in node.input:
            self._note_reader(name, node)

    def _note_reader(self, value: str, node: onnx.NodeProto) -> None:
        readers = self._readers.setdefault(value, [])
        if not any(reader is node for reader in readers):
            readers.append(node)


def attribute(node: onnx.NodeProto, name: str, default: Any) -> Any:
    """The value of a node's attribute, or `default` where it has none."""
    return next((helper.get_attribute_value(attr) for attr in node.attribute if attr.name == name), default)


def place(node: onnx.NodeProto) -> str:
    """For messages: a node's operator and its name, or what it writes."""
    return f"{node.op_type} {node.name or '-> ' + node.output[0]}"


def _reads(node: onnx.NodeProto) -> set[str]:
    """The names a node reads, in the graphs inside it too (those of If and Loop read the outer values)."""
    inner = [graph for attr in node.attribute for graph in (*attr.graphs, *([attr.g] if attr.HasField("g") else ()))]
    names = {name for graph in inner for other in graph.node for name in _reads(other)}
    return names.union(node.input, (value.name for graph in inner for value in graph.output))


def _static_shapes(model: onnx.ModelProto) -> tuple[dict[str, list[int]], dict[str, int], dict[str, int]]:
    """Shapes without an open dimension, ranks, element types; inferred without the weights, which would be copied."""
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
    ranks: dict[str, int] = {}
    types = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    for value in (*inferred.input, *inferred.value_info, *inferred.output):
        tensor = value.type.tensor_type
        types[value.name] = tensor.elem_type
        if tensor.HasField("shape"):
            ranks[value.name] = len(tensor.shape.dim)
            if all(dim.HasField("dim_value") for dim in tensor.shape.dim):
                shapes[value.name] = [dim.dim_value for dim in tensor.shape.dim]
    return shapes, ranks, types
