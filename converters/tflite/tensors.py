"""The graph of a TFLite model, and the tensors inside it as LiteRT's own kernels compute them.

Inputs: `model`, `tensors` (one batch; absent for the graph alone). Options: `names` (see `edgeworker.observe`),
`inputs` (program's name -> the model's name), `threads`.

XNNPACK is off: it keeps no tensor between the operators that it takes. Images come and go as [N, C, H, W].
"""

from typing import Any

import numpy as np
from edgeworker.observe import Graph, Layer, computed_from, digest, observe_job
from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal
from edgeworker.runner import Tensors
from run import as_stored, load_model
from stored_model import StoredModel, read_stored
from turned import turned

_BACK = (0, 3, 1, 2)


class LiteRtObservable:
    """One model; an interpreter that keeps all tensors gives them out."""

    def __init__(self, request: Request) -> None:
        self._path = request.inputs["model"]
        self._model = read_stored(self._path)
        self.names = unique_names(self._model)
        self._inputs: dict[str, str] = request.options.get("inputs") or {}
        self._threads = int(request.options.get("threads", 1))

    def graph(self) -> Graph:
        """Operators that depend on the inputs, with the constants that they read; others only widen constants."""
        model, names, widened = self._model, self.names, self._model.widened()
        ports = [([names[one] for one in operator.inputs if one >= 0], [names[one] for one in operator.outputs])
                 for operator in model.operators]  # fmt: skip
        inputs = [names[number] for number in model.inputs]
        made = set(inputs)
        layers = []
        for operator, (reads, writes), depends in zip(
            model.operators, ports, computed_from(inputs, ports), strict=True
        ):
            if not depends:
                continue
            made.update(writes)
            layers.append(
                Layer(
                    writes[0] if writes else operator.type,
                    operator.type,
                    [name for name in dict.fromkeys(reads) if name in made],
                    writes,
                    {name: f"{value:g}" for name, value in operator.numbers.items()},
                    {
                        model.tensors[number].name: digest(values)
                        for one in operator.inputs
                        if one >= 0
                        for number in [widened.get(one, one)]
                        if (values := model.tensors[number].values) is not None
                    },
                )
            )
        return Graph(inputs, [names[number] for number in model.outputs], layers)

    def observe(self, inputs: Tensors, names: list[str]) -> Tensors:
        """Run one batch and take the tensors `names`."""
        interpreter = load_model(self._path, self._threads, xnnpack=False, keep_all=True)
        ports = {detail["name"]: detail for detail in interpreter.get_input_details()}
        for name, value in inputs.items():
            target = self._inputs.get(name, name)
            if target not in ports:
                raise Refusal(f"the model's inputs are {sorted(ports)}, given {target}", kind="input")
            interpreter.set_tensor(ports[target]["index"], as_stored(name, value, ports[target]))
        interpreter.invoke()
        numbers, images = {name: number for number, name in enumerate(self.names)}, turned(self._model)
        found = {}
        for name in names:
            value = np.asarray(interpreter.get_tensor(numbers[name]))
            found[name] = np.ascontiguousarray(value.transpose(_BACK)) if numbers[name] in images else value
        return found


def unique_names(model: StoredModel) -> list[str]:
    """A name for each tensor: its own, with a number where another one has it too."""
    seen: dict[str, int] = {}
    names = []
    for tensor in model.tensors:
        count = seen[tensor.name] = seen.get(tensor.name, 0) + 1
        names.append(tensor.name if count == 1 else f"{tensor.name}#{count}")
    return names


def job(request: Request) -> dict[str, Any]:
    """`observe_job` with LiteRT."""
    return observe_job(LiteRtObservable, request)


if __name__ == "__main__":
    main(job, tools=("ai-edge-litert",))
