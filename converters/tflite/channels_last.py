"""Operators that onnx2tf left with the channels first, turned: the transpositions around them go.

onnx2tf lays a convolution's images as [N, H, W, C], and turns them back and forth around a concatenation, a slice, and
the sums and products of a batch norm that could not be folded. These compute the same in any order of axes.
"""

from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from model_file import add_constant, kind_of, name_of, transposition

TO_FIRST, TO_LAST = (0, 3, 1, 2), (0, 2, 3, 1)
_RANK = 4
_BY_VALUE = {"ADD", "DIV", "HARD_SWISH", "LOGISTIC", "MUL", "RELU", "RELU6", "SUB"}
_TURNED = _BY_VALUE | {"CONCATENATION", "SLICE"}


def turn(model: Any) -> int:
    """Change a `ModelT` in place; returns how many operators were turned."""
    graph = _Graph(model)
    chosen = graph.choose()
    for at in chosen:
        graph.turn(at)
    if chosen:
        graph.reconnect(set(chosen))
    return len(chosen)


class _Graph:
    """`first` are the tensors known with the channels first, each with the one that is the same with them last."""

    def __init__(self, model: Any) -> None:
        self.model, self.graph = model, model.subgraphs[0]
        self.kinds = [kind_of(model, operator) for operator in self.graph.operators]
        self.first: dict[int, int] = {}

    def values(self, number: int) -> np.ndarray | None:
        """What a tensor holds in the file; None of what is computed."""
        tensor = self.graph.tensors[number]
        data = self.model.buffers[tensor.buffer].data
        if data is None or not len(data):
            return None
        kinds = {schema.TensorType.FLOAT32: np.float32, schema.TensorType.INT32: np.int32}
        return np.frombuffer(bytes(data), kinds[tensor.type]).reshape(tensor.shape) if tensor.type in kinds else None

    def rank(self, number: int) -> int:
        """How many dimensions a tensor has."""
        return len(self.graph.tensors[number].shape)

    def permutation(self, at: int) -> tuple[int, ...] | None:
        """The order of axes that an operator lays, None where it is no transposition by a stored order."""
        order = self.values(self.graph.operators[at].inputs[1]) if self.kinds[at] == "TRANSPOSE" else None
        return None if order is None else tuple(int(axis) for axis in order)

    def choose(self) -> list[int]:
        """The operators to turn: all images that they read are known with the channels last, or come from such ones."""
        chosen = []
        for at, operator in enumerate(self.graph.operators):
            if self.permutation(at) == TO_FIRST and self.rank(operator.inputs[0]) == _RANK:
                self.first[operator.outputs[0]] = operator.inputs[0]
            elif self.kinds[at] in _TURNED and len(operator.outputs) == 1 and self._fits(at):
                self.first[operator.outputs[0]] = operator.outputs[0]
                chosen.append(at)
        return chosen

    def _fits(self, at: int) -> bool:
        operator = self.graph.operators[at]
        if self.rank(operator.outputs[0]) != _RANK or operator.outputs[0] in self.graph.outputs:
            return False
        if self.kinds[at] == "SLICE":
            stored = [self.values(number) for number in operator.inputs[1:]]
            return operator.inputs[0] in self.first and all(one is not None for one in stored)
        computed = [number for number in operator.inputs if self.values(number) is None]
        constants = [number for number in operator.inputs if self.values(number) is not None]
        if self.kinds[at] == "CONCATENATION" and constants:
            return False
        # A constant of fewer dimensions is spread along the last axes, which are others then: one number suits any.
        spread = all(self.rank(one) == _RANK or list(self.graph.tensors[one].shape) in ([], [1]) for one in constants)
        return bool(computed) and all(number in self.first for number in computed) and spread

    def turn(self, at: int) -> None:
        """The operator with the channels last: what it reads, its constants, its axis, the shape of what it makes."""
        operator, tensors = self.graph.operators[at], self.graph.tensors
        if self.kinds[at] == "CONCATENATION":
            operator.builtinOptions.axis = TO_LAST.index(operator.builtinOptions.axis % _RANK)
        inputs = []
        for place, number in enumerate(operator.inputs):
            values = self.values(number)
            if values is None:
                inputs.append(self.first[number])
            elif self.kinds[at] == "SLICE":
                inputs.append(self._stored(number, values[list(TO_LAST)]))
            else:
                turned = values.transpose(TO_LAST) if values.ndim == _RANK else values
                inputs.append(self._stored(number, turned) if values.ndim == _RANK else operator.inputs[place])
        operator.inputs = inputs
        result = tensors[operator.outputs[0]]
        result.shape = [int(result.shape[axis]) for axis in TO_LAST]
        result.shapeSignature = None

    def _stored(self, number: int, values: np.ndarray) -> int:
        """A constant in another order: a tensor of its own, since others may read the one that it is from."""
        return add_constant(self.model, self.graph.tensors[number].name, np.ascontiguousarray(values))

    def reconnect(self, chosen: set[int]) -> None:
        """Who else reads a turned result gets it turned back; who turned it back itself is not needed any more."""
        turned = {number for at in chosen for number in self.graph.operators[at].outputs}
        replaced: dict[int, int] = {}
        made, back = [], {}
        for at, operator in enumerate(self.graph.operators):
            if at in chosen:
                operator.inputs = [replaced.get(number, number) for number in operator.inputs]
                made.append(operator)
                continue
            source = operator.inputs[0] if len(operator.inputs) else -1
            if (
                self.permutation(at) == TO_LAST
                and source in self.first
                and operator.outputs[0] not in self.graph.outputs
            ):
                replaced[operator.outputs[0]] = replaced.get(self.first[source], self.first[source])
                continue
            for number in dict.fromkeys(operator.inputs):
                if number in turned and number not in back:
                    back[number] = self._transposed(number, made)
            operator.inputs = [
                replaced.get(back.get(number, number), back.get(number, number)) for number in operator.inputs
            ]
            made.append(operator)
        # Transpositions that nothing reads any more.
        read = {number for operator in made for number in operator.inputs} | set(self.graph.outputs)
        self.graph.operators = [
            operator for operator in made
            if kind_of(self.model, operator) != "TRANSPOSE" or not read.isdisjoint(operator.outputs)
        ]  # fmt: skip

    def _transposed(self, number: int, made: list[Any]) -> int:
        """A new tensor with the channels first again, and the operator that makes it."""
        tensor = self.graph.tensors[number]
        order = self._order()
        self.graph.tensors.append(
            schema.TensorT(
                shape=[int(tensor.shape[axis]) for axis in TO_FIRST], type=tensor.type, buffer=0,
                name=f"{name_of(tensor)}/channels_first", hasRank=True,
            )
        )  # fmt: skip
        made.append(transposition(self.model, number, order, len(self.graph.tensors) - 1))
        return len(self.graph.tensors) - 1

    def _order(self) -> int:
        """The constant of the order that leads back: that of a transposition which is there."""
        for at, operator in enumerate(self.graph.operators):
            if self.permutation(at) == TO_FIRST:
                return operator.inputs[1]
        raise AssertionError("what was turned came from a transposition")
