"""Which operators of a graph compute in INT8, and which tensors must share a scale there."""

from collections.abc import Collection, Iterator
from typing import Any

from ai_edge_litert import schema_py_generated as schema
from model_file import kind_of, name_of

# Operators with weights, and along which axis of these the output channels lie.
KERNELS = {"CONV_2D": 0, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 0}
# What only moves or picks values: its result has the scale of what it reads. PADV2 is not among them: XNNPACK gives up
# on the whole model where a MAX_POOL_2D in INT8 follows one.
MOVING = {
    "AVERAGE_POOL_2D", "CONCATENATION", "MAX_POOL_2D", "PAD", "RESHAPE", "RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR",
    "SLICE", "SPLIT", "TRANSPOSE",
}  # fmt: skip
FOLLOWERS = MOVING | {"ADD", "HARD_SWISH", "LOGISTIC", "MEAN", "MUL", "RELU", "RELU6"}


class Choice:
    """`operators`: the places of those in INT8; `tensors`: the numbers of the tensors that they read and write.

    Every operator with weights is one of them. Another one is where INT8 costs nothing else: all that it reads comes
    from operators in INT8, and all that reads it is in INT8. So sums and products with stored factors (a batch norm
    that could not be folded), and normalisations of layers, stay in FP32.

    `last`: the places of products with a matrix that nothing with weights is behind. Only their weights are in INT8,
    and LiteRT chooses the steps of what they read as it computes ("dynamic range"): their results are in FP32. In 8
    bits two classes come to the same value, and the first of them wins.
    """

    def __init__(self, model: Any, keep_float: Collection[str]) -> None:
        self._model, self.graph = model, model.subgraphs[0]
        self.kinds = [kind_of(model, operator) for operator in self.graph.operators]
        self.maker = {number: at for at, operator in enumerate(self.graph.operators) for number in operator.outputs}
        self.readers: dict[int, set[int]] = {}
        for at, operator in enumerate(self.graph.operators):
            for number in operator.inputs:
                self.readers.setdefault(number, set()).add(at)
        self.operators = {
            at
            for at, operator in enumerate(self.graph.operators)
            if self.kinds[at] in (*KERNELS, *FOLLOWERS) and self.layer(at) not in keep_float and self._fits(at)
            if all(self.graph.tensors[number].type == schema.TensorType.FLOAT32 for number in operator.outputs)
        }
        self.last = {at for at in self.operators if self.kinds[at] == "FULLY_CONNECTED" and self._ends(at)}
        self.operators -= self.last
        while lost := {at for at in self.operators if self.kinds[at] not in KERNELS and not self._surrounded(at)}:
            self.operators -= lost
        self.tensors = {number for at in self.operators for number in self.values(at)}

    def only(self, name: str) -> None:
        """Leave one operator in INT8, whatever is around it."""
        self.operators = {at for at in self.operators if self.layer(at) == name}
        self.last = {at for at in self.last if self.layer(at) == name}
        self.tensors = {number for at in self.operators for number in self.values(at)}

    def layer(self, at: int) -> str:
        """An operator's name: that of what it makes."""
        return name_of(self.graph.tensors[self.graph.operators[at].outputs[0]])

    def stored(self, number: int) -> bool:
        """Whether a tensor holds values in the file."""
        data = self._model.buffers[self.graph.tensors[number].buffer].data
        return data is not None and len(data) > 0

    def values(self, at: int) -> list[int]:
        """The computed floating-point tensors that an operator reads and writes."""
        operator = self.graph.operators[at]
        return [
            number
            for number in (*operator.inputs, *operator.outputs)
            if number >= 0 and self.graph.tensors[number].type == schema.TensorType.FLOAT32 and not self.stored(number)
        ]

    def _fits(self, at: int) -> bool:
        """Its weights are stored, and nothing else that it computes with is."""
        operator = self.graph.operators[at]
        constants = [
            place
            for place, number in enumerate(operator.inputs)
            if number >= 0 and self.stored(number)
            if self.graph.tensors[number].type == schema.TensorType.FLOAT32
        ]
        if self.kinds[at] in KERNELS:
            return constants in ([1], [1, 2])
        return not constants

    def _surrounded(self, at: int) -> bool:
        operator = self.graph.operators[at]
        reads = [number for number in self.values(at) if number not in operator.outputs]
        return (
            all(self.maker.get(number) in self.operators for number in reads)
            and set(operator.outputs).isdisjoint(self.graph.outputs)
            and all(self.readers.get(number, set()) <= self.operators for number in operator.outputs)
        )

    def _ends(self, at: int) -> bool:
        """Whether nothing with weights is behind an operator."""
        seen, found = set(), {at}
        while found:
            seen |= found
            results = {number for one in found for number in self.graph.operators[one].outputs}
            found = set().union(*(self.readers.get(number, set()) for number in results)) - seen
        return not any(self.kinds[one] in KERNELS for one in seen - {at})

    def groups(self) -> Iterator[list[int]]:
        """The tensors in INT8, those together that must have one scale."""
        parent = {number: number for number in self.tensors}

        def root(number: int) -> int:
            while parent[number] != number:
                number = parent[number]
            return number

        for at in self.operators:
            if self.kinds[at] in MOVING:
                first, *others = self.values(at)
                for number in others:
                    parent[root(number)] = root(first)
        members: dict[int, list[int]] = {}
        for number in sorted(self.tensors):
            members.setdefault(root(number), []).append(number)
        yield from members.values()
