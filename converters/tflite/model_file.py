"""A `.tflite` file as LiteRT's own classes hold it (`ModelT`), read and written whole."""

from pathlib import Path
from typing import Any

import flatbuffers
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


def name_of(tensor: Any) -> str:
    """A tensor's name as text."""
    return tensor.name.decode("utf-8", "replace") if isinstance(tensor.name, bytes) else str(tensor.name or "")


def kind_of(model: Any, operator: Any) -> str:
    """What an operator is, such as CONV_2D."""
    code = model.operatorCodes[operator.opcodeIndex]
    # The older of the two fields holds what fits into a byte.
    return operator_name(max(code.builtinCode, code.deprecatedBuiltinCode))
