"""A `.tflite` file as LiteRT's own classes hold it (`ModelT`), read and written whole."""

from copy import copy
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from edgeworker.refusal import Refusal
from operators import operator_name

IDENTIFIER = b"TFL3"
_DATA_ALIGNMENT = 16  # `force_align` of Buffer.data in TFLite's schema; the Python classes leave it out


class AlignedBuffer(schema.BufferT):
    """A buffer whose data lie where LiteRT's kernels may read them as what they are."""

    def Pack(self, builder: flatbuffers.Builder) -> int:
        """Its place in `builder`."""
        place = None
        if self.data is not None and len(self.data):
            content = bytes(self.data)
            builder.StartVector(1, len(content), _DATA_ALIGNMENT)
            builder.head -= len(content)
            builder.Bytes[builder.head : builder.head + len(content)] = content
            place = builder.EndVector()
        schema.BufferStart(builder)
        if place is not None:
            schema.BufferAddData(builder, place)
        return schema.BufferEnd(builder)


def read_model(path: Path) -> Any:
    """The model in a file that edgekit's own converter wrote. Raises Refusal (input) where it is none."""
    content = path.read_bytes()
    if content[4:8] != IDENTIFIER:
        raise Refusal(f"{path.name} is not a TFLite model", kind="input")
    return schema.ModelT.InitFromPackedBuf(content)


def write_model(model: Any, path: Path) -> None:
    """Write a model, its buffers aligned; what no operator refers to any more is left out."""
    used = {entry.buffer for entry in model.metadata or []}
    for graph in model.subgraphs:
        read = {number for operator in graph.operators for number in (*operator.inputs, *operator.outputs)}
        read |= {*graph.inputs, *graph.outputs}
        for number, tensor in enumerate(graph.tensors):
            # Buffer 0 is empty in every model.
            tensor.buffer = tensor.buffer if number in read else 0
            used.add(tensor.buffer)
    model.buffers = [
        AlignedBuffer(buffer.data if number in used else None) for number, buffer in enumerate(model.buffers)
    ]
    size = sum(len(buffer.data) for buffer in model.buffers if buffer.data is not None)
    # Large enough from the start: a builder that grows copies everything.
    builder = flatbuffers.Builder(size + size // 8 + (1 << 20))
    builder.Finish(model.Pack(builder), IDENTIFIER)
    path.write_bytes(builder.Output())


def copied(model: Any) -> Any:
    """A model that can be changed as `Int8Graph` and `write_model` do without changing the first; values are shared."""
    graph = copy(model.subgraphs[0])
    graph.tensors, graph.operators = [copy(one) for one in graph.tensors], [copy(one) for one in graph.operators]
    whole = copy(model)
    whole.subgraphs = [graph]
    whole.operatorCodes, whole.buffers = [copy(one) for one in model.operatorCodes], list(model.buffers)
    return whole


TENSOR_TYPES = {
    np.dtype(np.float32): schema.TensorType.FLOAT32, np.dtype(np.float16): schema.TensorType.FLOAT16,
    np.dtype(np.int32): schema.TensorType.INT32, np.dtype(np.int8): schema.TensorType.INT8,
}  # fmt: skip


def add_buffer(model: Any, values: np.ndarray) -> int:
    """The number of a new buffer with values."""
    model.buffers.append(schema.BufferT(np.frombuffer(values.tobytes(), np.uint8)))
    return len(model.buffers) - 1


def add_constant(model: Any, name: str, values: np.ndarray, quantisation: Any = None) -> int:
    """The number of a new tensor with values in a buffer of its own."""
    tensors = model.subgraphs[0].tensors
    tensors.append(
        schema.TensorT(
            shape=list(values.shape), type=TENSOR_TYPES[values.dtype], buffer=add_buffer(model, values), name=name,
            hasRank=True, quantization=quantisation,
        )
    )  # fmt: skip
    return len(tensors) - 1


def operator_code(model: Any, kind: str, version: int = 1) -> int:
    """The place of a kind of operator among the model's, in `version` at least; added where it is not there."""
    number = getattr(schema.BuiltinOperator, kind)
    for place, code in enumerate(model.operatorCodes):
        if max(code.builtinCode, code.deprecatedBuiltinCode) == number:
            code.version = max(code.version, version)
            return place
    model.operatorCodes.append(schema.OperatorCodeT(deprecatedBuiltinCode=number, version=version, builtinCode=number))
    return len(model.operatorCodes) - 1


def transposition(model: Any, source: int, order: int, result: int) -> Any:
    """An operator that lays the axes of a tensor in the order that the tensor `order` holds."""
    return schema.OperatorT(
        opcodeIndex=operator_code(model, "TRANSPOSE"), inputs=[source, order], outputs=[result],
        builtinOptionsType=schema.BuiltinOptions.TransposeOptions, builtinOptions=schema.TransposeOptionsT(),
    )  # fmt: skip


def name_of(tensor: Any) -> str:
    """A tensor's name as text."""
    return tensor.name.decode("utf-8", "replace") if isinstance(tensor.name, bytes) else str(tensor.name or "")


def kind_of(model: Any, operator: Any) -> str:
    """What an operator is, such as CONV_2D."""
    code = model.operatorCodes[operator.opcodeIndex]
    # The older of the two fields holds what fits into a byte.
    return operator_name(max(code.builtinCode, code.deprecatedBuiltinCode))
