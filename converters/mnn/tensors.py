"""The graph of a `.mnn` model, and its tensors as MNN computes them.

Inputs: `model`, `tensors` (one batch; absent for the graph alone). Options: `names` (see `edgeworker.observe`),
`inputs` (program's name -> MNN's), `threads`. Weights that are stored in half precision are computed with in FP32.

Conversions between layouts copy a tensor; those who read the copy count as readers of the tensor. What is computed of
shapes alone is constant.
"""

from typing import Any

import MNN
import numpy as np
from edgeworker.observe import Graph, Layer, computed_from, digest, observe_job
from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal
from edgeworker.runner import Tensors
from mnn_file import EightBits, MnnFile, Operator
from run import SMALLEST, WINOGRAD_MEMORY_LEVEL, as_array, as_tensor

COPY = "ConvertTensor"
OF_SHAPES = ("Shape", "Rank", "Size")


class MnnObservable:
    """One network; a session keeps the tensors that it is asked for."""

    def __init__(self, request: Request) -> None:
        self._path = request.inputs["model"]
        self._network = MnnFile.read(self._path)
        self._inputs: dict[str, str] = request.options.get("inputs") or {}
        self._threads = int(request.options.get("threads", 1))

    def graph(self) -> Graph:
        """Operators that depend on the inputs, each with the constants that it reads."""
        network = self._network
        copies = {
            one.outputs[0]: one.inputs[0]
            for one in network.operators
            if one.type == COPY and one.outputs[0] not in network.outputs
        }
        operators = [one for one in network.operators if one.type != "Input" and not set(one.outputs) & set(copies)]
        reads = {one.name: list(dict.fromkeys(_first(copies, name) for name in one.inputs)) for one in operators}
        depends = computed_from(
            network.inputs,
            [([] if one.type in OF_SHAPES else reads[one.name], one.outputs) for one in operators],
        )
        made = set(network.inputs).union(*(one.outputs for one, so in zip(operators, depends, strict=True) if so))
        constants = {one.outputs[0]: one for one in operators if one.type == "Const"}
        layers = [
            Layer(
                one.name,
                one.type,
                [name for name in reads[one.name] if name in made],
                one.outputs,
                one.attributes(),
                {
                    **digests(one),
                    **{
                        name: value
                        for name in reads[one.name]
                        if name in constants
                        for value in digests(constants[name]).values()
                    },
                },
            )
            for one, so in zip(operators, depends, strict=True)
            if so
        ]
        return Graph(list(network.inputs), network.outputs, layers)

    def observe(self, inputs: Tensors, names: list[str]) -> Tensors:
        """Run one batch and take the tensors `names`."""
        interpreter = MNN.Interpreter(str(self._path))
        interpreter.setSessionHint(WINOGRAD_MEMORY_LEVEL, SMALLEST)
        session = interpreter.createSession(
            {"backend": "CPU", "numThread": self._threads, "precision": "high", "saveTensors": tuple(names)}
        )
        fed = {self._inputs.get(name, name): value for name, value in inputs.items()}
        for name, value in fed.items():
            interpreter.resizeTensor(interpreter.getSessionInput(session, name), value.shape)
        interpreter.resizeSession(session)
        for name, value in fed.items():
            interpreter.getSessionInput(session, name).copyFrom(as_tensor(value))
        if interpreter.runSession(session) != 0:
            raise Refusal("MNN failed while it ran; its log says where")
        kept = interpreter.getSessionOutputAll(session)
        return {
            name: np.asarray(fed[name]) if name in fed else as_array(kept[name])
            for name in names
            if name in fed or name in kept
        }


def digests(operator: Operator) -> dict[str, str]:
    """What an operator stores, by its fields' names."""
    return {
        name: digest(value.integers if isinstance(value, EightBits) else value)
        for name, value in operator.tensors().items()
    }


def _first(copies: dict[str, str], tensor: str) -> str:
    while tensor in copies:
        tensor = copies[tensor]
    return tensor


def job(request: Request) -> dict[str, Any]:
    """`observe_job` with MNN."""
    return observe_job(MnnObservable, request)


if __name__ == "__main__":
    main(job, tools=("mnn",))
