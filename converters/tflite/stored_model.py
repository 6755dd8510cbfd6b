"""What a `.tflite` file stores, read with every access bounded: operators, tensors with their values, quantisation.

Fields are numbered as in TFLite's schema (`schema.fbs` of LiteRT): tables of which nothing here is asked are not looked
into. LiteRT's own Python classes trust the file, so only what onnx2tf has just written is read with those
(`model_file.py`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import prod
from pathlib import Path

import numpy as np
from edgeworker.flat_reader import Damaged, Table
from edgeworker.refusal import Refusal
from operators import NAMES

IDENTIFIER = b"TFL3"
WIDENING = "DEQUANTIZE"
# Model, OperatorCode, SubGraph, Tensor, QuantizationParameters, Operator, Buffer
_CODES, _SUBGRAPHS, _BUFFERS = 1, 2, 4
_OLD_CODE, _CUSTOM, _CODE = 0, 1, 3
_TENSORS, _INPUTS, _OUTPUTS, _OPERATORS = 0, 1, 2, 3
_SHAPE, _TYPE, _BUFFER, _NAME, _QUANTIZATION, _SPARSITY = 0, 1, 2, 3, 4, 6
_SCALE, _ZERO_POINT, _DETAILS, _AXIS = 2, 3, 4, 6
_OPCODE, _READS, _WRITES, _OPTIONS_KIND, _OPTIONS = 0, 1, 2, 3, 4
_DATA, _OFFSET, _SIZE = 0, 1, 2

# enum TensorType; strings and complex numbers are in no classifier.
_DTYPES = {
    0: np.dtype("<f4"), 1: np.dtype("<f2"), 10: np.dtype("<f8"), 9: np.dtype("i1"), 3: np.dtype("u1"),
    7: np.dtype("<i2"), 2: np.dtype("<i4"), 4: np.dtype("<i8"), 6: np.dtype("?"),
}  # fmt: skip
# The floating-point fields of the options of SOFTMAX, LOCAL_RESPONSE_NORMALIZATION and LEAKY_RELU (union
# BuiltinOptions); no other operator of a classifier has any.
_NUMBERS = {9: {0: "beta"}, 13: {1: "bias", 2: "alpha", 3: "beta"}, 75: {0: "alpha"}}


@dataclass(frozen=True)
class Quantisation:
    """How a tensor's integers stand for values: `scale` float32 and `zero_point` int64, [1] or [channels] on `axis`."""

    scale: np.ndarray
    zero_point: np.ndarray
    axis: int


@dataclass(frozen=True)
class StoredTensor:
    """A tensor; `values` are a view of the file, None where it is computed."""

    name: str
    shape: tuple[int, ...]
    values: np.ndarray | None
    quantisation: Quantisation | None


@dataclass(frozen=True)
class StoredOperator:
    """An operator by its type, such as CONV_2D, with the numbers of the tensors that it reads (-1: none) and writes.

    `numbers` are the floating-point numbers that it has besides.
    """

    type: str
    inputs: list[int]
    outputs: list[int]
    numbers: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class StoredModel:
    """The one graph of a file: the numbers of its inputs and outputs among its tensors."""

    tensors: list[StoredTensor]
    operators: list[StoredOperator]
    inputs: list[int]
    outputs: list[int]

    @classmethod
    def read(cls, path: Path) -> "StoredModel":
        """The model in a file, whose bytes are read where they are needed. Raises Damaged, as `parse` does."""
        content = np.memmap(path, np.uint8, mode="r") if path.stat().st_size else np.zeros(0, np.uint8)
        return cls.parse(content.data.toreadonly())

    @classmethod
    def parse(cls, view: memoryview) -> "StoredModel":
        """Raises Damaged where the file is cut short, changed, or of another form than a converted classifier's."""
        if len(view) < 8 or bytes(view[4:8]) != IDENTIFIER:
            raise Damaged("it does not begin as a TFLite model does")
        root = Table.root(view)
        codes = [_operator_type(code) for code in root.tables(_CODES)]
        graphs = list(root.tables(_SUBGRAPHS))
        if len(graphs) != 1:
            raise Damaged(f"it holds {len(graphs)} graphs, not one")
        (graph,) = graphs
        buffers = [_data(buffer, view) for buffer in root.tables(_BUFFERS)]
        tensors = [_tensor(table, buffers) for table in graph.tables(_TENSORS)]
        operators = [_operator(table, codes, len(tensors)) for table in graph.tables(_OPERATORS)]
        ports = [_indices(graph, number, len(tensors), least=0) for number in (_INPUTS, _OUTPUTS)]
        return cls(tensors, operators, *ports)

    def readers(self) -> dict[int, tuple[StoredOperator, int]]:
        """The first operator that computes with each tensor, and as which of its inputs.

        A constant that is only widened first, from FP16 or from integers, is read by what reads the result.
        """
        narrow = self.widened()
        found: dict[int, tuple[StoredOperator, int]] = {}
        for operator in self.operators:
            for place, number in enumerate(operator.inputs):
                found.setdefault(number, (operator, place))
                if number in narrow:
                    found[narrow[number]] = operator, place
        return found

    def widened(self) -> dict[int, int]:
        """The tensors that hold a widened constant -> that constant."""
        return {
            operator.outputs[0]: operator.inputs[0]
            for operator in self.operators
            if operator.type == WIDENING and len(operator.inputs) == len(operator.outputs) == 1
            if operator.inputs[0] >= 0 and self.tensors[operator.inputs[0]].values is not None
        }

    def title(self, operator: StoredOperator) -> str:
        """An operator as a reader is to find it: its type and what it makes."""
        return f"{operator.type} {self.tensors[operator.outputs[0]].name if operator.outputs else ''}".strip()


def read_stored(path: Path) -> StoredModel:
    """The model in a file. Raises Refusal (input) where it is none."""
    try:
        return StoredModel.read(path)
    except Damaged as damage:
        raise Refusal(f"{path.name} is not a TFLite model that can be read: {damage}", kind="input") from damage


def _operator_type(code: Table) -> str:
    # The older of the two fields holds what fits into a byte.
    number = max(code.scalar(_CODE, "i"), code.scalar(_OLD_CODE, "b"))
    if (custom := code.text(_CUSTOM)) or number not in NAMES:
        # It may hold numbers of its own, which nobody would account for.
        raise Damaged(f"it has the operator {custom or number}, which no file of edgekit's has")
    return NAMES[number]


def _data(buffer: Table, view: memoryview) -> memoryview:
    if buffer.scalar(_OFFSET, "Q") or buffer.scalar(_SIZE, "Q"):
        raise Damaged("it keeps values behind its end, as files of more than 2 GB do")
    start, count = buffer.vector_place(_DATA, 1)
    return view[start : start + count]


def _tensor(table: Table, buffers: list[memoryview]) -> StoredTensor:
    name, shape = table.text(_NAME), tuple(table.numbers(_SHAPE, "i"))
    number = table.scalar(_BUFFER, "I")
    if number >= len(buffers):
        raise Damaged(f"the tensor {name} is in buffer {number} of {len(buffers)}")
    if table.table(_SPARSITY) is not None:
        raise Damaged(f"the tensor {name} is stored as a sparse one, which no file of edgekit's is")
    return StoredTensor(
        name, shape, _values(name, shape, table.scalar(_TYPE, "b"), buffers[number]), _quantisation(name, table)
    )


def _values(name: str, shape: tuple[int, ...], kind: int, data: memoryview) -> np.ndarray | None:
    if not len(data):
        return None
    if (dtype := _DTYPES.get(kind)) is None:
        raise Damaged(f"the tensor {name} is of the type {kind}, which is not known here")
    if min(shape, default=1) < 0 or prod(shape) * dtype.itemsize != len(data):
        raise Damaged(f"the tensor {name} of {list(shape)} {dtype.name} has {len(data)} bytes")
    return np.frombuffer(data, dtype).reshape(shape)


def _quantisation(name: str, table: Table) -> Quantisation | None:
    described = table.table(_QUANTIZATION)
    if described is None or not (scale := described.numbers(_SCALE, "f")):
        return None
    if described.scalar(_DETAILS, "B"):
        raise Damaged(f"the tensor {name} is quantised in a way that is not known here")
    zero = described.numbers(_ZERO_POINT, "q") or [0] * len(scale)
    return Quantisation(np.array(scale, np.float32), np.array(zero, np.int64), described.scalar(_AXIS, "i"))


def _operator(table: Table, codes: list[str], tensors: int) -> StoredOperator:
    code = table.scalar(_OPCODE, "I")
    if code >= len(codes):
        raise Damaged(f"an operator is of the kind {code} of {len(codes)}")
    return StoredOperator(
        codes[code],
        _indices(table, _READS, tensors, least=-1),
        _indices(table, _WRITES, tensors, least=0),
        dict(_numbers(table)),
    )


def _numbers(table: Table) -> Iterator[tuple[str, float]]:
    options = table.table(_OPTIONS)
    for number, name in _NUMBERS.get(table.scalar(_OPTIONS_KIND, "B"), {}).items():
        if options is not None:
            yield name, options.scalar(number, "f", 0.0)


def _indices(table: Table, number: int, count: int, *, least: int) -> list[int]:
    found = table.numbers(number, "i")
    if any(not least <= index < count for index in found):
        raise Damaged(f"an operator or the graph names tensor {max(found)} of {count}")
    return found
