"""A graph in INT8: weights, biases, and the borders to what stays in FP32."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from int8_choice import KERNELS, Choice
from model_file import add_constant, kind_of, name_of, operator_code

LOWEST, HIGHEST, LARGEST = -128, 127, 127
BIAS_PLACE = 2
IN_INT8 = "/int8"
"""What the name of a tensor in INT8 has behind the one that it has in FP32."""
# The first version of each operator that knows INT8 (versioning.cc of LiteRT); 1 of those that always have.
_VERSIONS = {
    "ADD": 2, "AVERAGE_POOL_2D": 2, "CONCATENATION": 2, "CONV_2D": 3, "DEPTHWISE_CONV_2D": 3, "DEQUANTIZE": 2,
    "FULLY_CONNECTED": 12, "LOGISTIC": 2, "MAX_POOL_2D": 2, "MEAN": 2, "MUL": 2, "PAD": 2, "RELU": 2, "RELU6": 2,
    "RESIZE_BILINEAR": 2, "RESIZE_NEAREST_NEIGHBOR": 2, "SLICE": 2, "SPLIT": 2, "TRANSPOSE": 2,
}  # fmt: skip


@dataclass(frozen=True)
class Steps:
    """What an integer of an activation stands for: `(integer - zero_point) * scale`."""

    scale: np.float32
    zero_point: int

    @classmethod
    def of(cls, low: float, high: float) -> "Steps":
        """256 of them from the smallest to the largest value; zero is one of them."""
        low, high = min(low, 0.0), max(high, 0.0)
        scale = np.float32((high - low) / (HIGHEST - LOWEST))
        if not np.isfinite(scale) or scale <= 0:
            return cls(np.float32(1), 0)
        return cls(scale, int(np.clip(np.rint(LOWEST - low / float(scale)), LOWEST, HIGHEST)))


SIGMOID = Steps(np.float32(1 / 256), LOWEST)
"""What LiteRT's kernel for LOGISTIC demands of its result."""


@dataclass
class Int8Graph:
    """Changes a `ModelT` in place; `chosen` is every scale and zero point that it stores, by the tensor's name."""

    model: Any
    choice: Choice
    steps: dict[int, Steps]
    chosen: dict[str, np.ndarray] = field(default_factory=dict)
    _narrow: dict[int, int] = field(default_factory=dict)

    def write(self) -> None:
        """The operators of the choice in INT8, with QUANTIZE and DEQUANTIZE at the borders."""
        graph = self.model.subgraphs[0]
        made: list[Any] = []
        for at, operator in enumerate(graph.operators):
            if at in self.choice.last:
                self._matrix(at, operator)
                operator.builtinOptions.asymmetricQuantizeInputs = True
                self._versioned(operator)
            if at not in self.choice.operators:
                made.append(operator)
                continue
            for number in dict.fromkeys(operator.inputs):
                if number in self.steps and number not in self._narrow:
                    made.append(self._border("QUANTIZE", number, self._narrowed(number)))
            self._weights(at, operator)
            results = [number for number in operator.outputs if number in self.steps]
            operator.inputs = [self._narrow.get(number, number) for number in operator.inputs]
            operator.outputs = [self._narrowed(number) for number in operator.outputs]
            self._versioned(operator)
            made.append(operator)
            made += [
                self._border("DEQUANTIZE", self._narrow[number], number) for number in results if self._wanted(number)
            ]
        graph.operators = made

    def _wanted(self, number: int) -> bool:
        """Whether anything reads a tensor in FP32."""
        graph = self.model.subgraphs[0]
        readers = [at for at, operator in enumerate(self.choice.graph.operators) if number in operator.inputs]
        return number in graph.outputs or any(at not in self.choice.operators for at in readers)

    def _narrowed(self, number: int) -> int:
        """The tensor in INT8 that stands for one in FP32."""
        if number not in self._narrow:
            graph = self.model.subgraphs[0]
            tensor, steps = graph.tensors[number], self.steps[number]
            name = name_of(tensor) + IN_INT8
            self._narrow[number] = len(graph.tensors)
            graph.tensors.append(
                schema.TensorT(
                    shape=tensor.shape, type=schema.TensorType.INT8, buffer=0, name=name, hasRank=tensor.hasRank,
                    quantization=self._quantised(name, np.array([steps.scale]), np.array([steps.zero_point])),
                )
            )  # fmt: skip
        return self._narrow[number]

    def _quantised(self, name: str, scale: np.ndarray, zero: np.ndarray, axis: int = 0) -> Any:
        scale, zero = scale.astype(np.float32), zero.astype(np.int64)
        self.chosen |= {f"{name}.scale": scale, f"{name}.zero_point": zero}
        return schema.QuantizationParametersT(scale=scale, zeroPoint=zero, quantizedDimension=axis)

    def _weights(self, at: int, operator: Any) -> None:
        """What an operator stores: weights by channel, the bias in their steps."""
        if self.choice.kinds[at] not in KERNELS:
            return
        scale = self._matrix(at, operator)
        bias = operator.inputs[BIAS_PLACE] if len(operator.inputs) > BIAS_PLACE else -1
        if bias >= 0:
            product = (scale * self.steps[operator.inputs[0]].scale).astype(np.float32)
            limits = np.iinfo(np.int32)
            counts = np.clip(np.rint(self._stored(bias).astype(np.float64) / product), limits.min, limits.max)
            name = f"{name_of(self._tensor(bias))}/int32"
            described = self._quantised(name, product, np.zeros(len(scale)))
            operator.inputs = self._replaced(operator, BIAS_PLACE, name, counts.astype(np.int32), described)

    def _matrix(self, at: int, operator: Any) -> np.ndarray:
        """Weights by channel; returns what each channel's integers stand for."""
        axis, weight = KERNELS[self.choice.kinds[at]], self._stored(operator.inputs[1])
        scale = np.abs(weight).max(axis=tuple(one for one in range(weight.ndim) if one != axis)) / np.float32(LARGEST)
        scale = np.where(scale > 0, scale, 1).astype(np.float32)
        along = [-1 if one == axis else 1 for one in range(weight.ndim)]
        levels = np.clip(np.rint(weight / scale.reshape(along)), -LARGEST, LARGEST).astype(np.int8)
        name = name_of(self._tensor(operator.inputs[1])) + IN_INT8
        described = self._quantised(name, scale, np.zeros(len(scale)), axis)
        operator.inputs = self._replaced(operator, 1, name, levels, described)
        return scale

    def _tensor(self, number: int) -> Any:
        return self.model.subgraphs[0].tensors[number]

    def _stored(self, number: int) -> np.ndarray:
        tensor = self._tensor(number)
        return np.frombuffer(bytes(self.model.buffers[tensor.buffer].data), np.float32).reshape(tensor.shape)

    def _replaced(self, operator: Any, place: int, name: str, values: np.ndarray, described: Any) -> list[int]:
        """An operator's inputs with other values at `place`."""
        made = add_constant(self.model, name, values, described)
        return [made if at == place else number for at, number in enumerate(operator.inputs)]

    def _border(self, kind: str, before: int, after: int) -> Any:
        place = operator_code(self.model, kind, _VERSIONS.get(kind, 1))
        return schema.OperatorT(opcodeIndex=place, inputs=[before], outputs=[after])

    def _versioned(self, operator: Any) -> None:
        code = self.model.operatorCodes[operator.opcodeIndex]
        code.version = max(code.version, _VERSIONS.get(kind_of(self.model, operator), 1))
