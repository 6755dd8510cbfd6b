"""The graph of OpenVINO IR, and the tensors inside it as the CPU plugin computes them in FP32.

Inputs: `model` (the .xml), `weights` (the .bin), `tensors` (one batch; absent for the graph alone). Options: `names`
(see `edgeworker.observe`), `inputs` (program's name -> the model's name), `threads`.

A tensor is called as the program calls it where the IR kept that name, else after the node that makes it.
"""

# A type checker without the package openvino takes this folder, which has its name, for it.
# pyright: reportAttributeAccessIssue=false

from typing import Any

import numpy as np
import openvino
from edgeworker.observe import Graph, Layer, computed_from, digest, observe_job
from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal
from edgeworker.runner import Tensors

_SHOWN = 120  # characters of an attribute


class OpenVinoObservable:
    """One model; a tensor is asked for by making it a result."""

    def __init__(self, request: Request) -> None:
        path = request.inputs["model"]
        self._core = openvino.Core()
        try:
            self._model = self._core.read_model(path, request.inputs.get("weights", path.with_suffix(".bin")))
        except RuntimeError as error:
            last = [line for line in str(error).splitlines() if line.strip()][-1]
            raise Refusal(f"OpenVINO cannot read {path.name}: {last}", kind="input") from error
        self._inputs: dict[str, str] = request.options.get("inputs") or {}
        self._threads = int(request.options.get("threads", 1))
        self._nodes = [node for node in self._model.get_ordered_ops() if node.get_type_name() != "Result"]
        self.ports = port_names(self._nodes)

    def graph(self) -> Graph:
        """Nodes that depend on the inputs, each with the constants that reach it."""
        parameters = [name for name, port in self.ports.items() if port.get_node().get_type_name() == "Parameter"]
        named = {_key(port): name for name, port in self.ports.items()}
        reads = [[named[_key(entry.get_source_output())] for entry in node.inputs()] for node in self._nodes]
        writes = [[named[_key(port)] for port in node.outputs()] for node in self._nodes]
        depends = computed_from(parameters, list(zip(reads, writes, strict=True)))
        made = set(parameters).union(*(outputs for outputs, one in zip(writes, depends, strict=True) if one))
        layers = [
            Layer(
                node.get_friendly_name(),
                node.get_type_name(),
                [name for name in dict.fromkeys(inputs) if name in made],
                outputs,
                {name: str(value)[:_SHOWN] for name, value in sorted(node.get_attributes().items())},
                {
                    constant.get_friendly_name(): digest(np.asarray(constant.data))
                    for entry in node.inputs()
                    for constant in _constants(entry.get_source_output().get_node())
                },
            )
            for node, inputs, outputs, one in zip(self._nodes, reads, writes, depends, strict=True)
            if one
        ]
        results = [named[_key(node.input(0).get_source_output())] for node in self._model.get_results()]
        return Graph(parameters, results, layers)

    def observe(self, inputs: Tensors, names: list[str]) -> Tensors:
        """Run the model with `names` among its results."""
        fed = {self._inputs.get(name, name): value for name, value in inputs.items()}
        asked = [name for name in names if self.ports[name].get_node().get_type_name() != "Parameter"]
        self._model.add_outputs([self.ports[name] for name in asked])
        compiled = self._core.compile_model(
            self._model, "CPU", {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": self._threads}
        )
        request = compiled.create_infer_request()
        request.infer(fed)
        # A port that was an output before is not added again.
        places = {
            _key(result.input(0).get_source_output()): index for index, result in enumerate(self._model.get_results())
        }
        found = {name: np.array(request.get_output_tensor(places[_key(self.ports[name])]).data) for name in asked}
        given = {
            name: fed[port]
            for name in names
            if name not in found
            for port in self.ports[name].get_names()
            if port in fed
        }
        return found | given


def port_names(nodes: list[Any]) -> dict[str, Any]:
    """A name for each output port: the program's, where it is the only port of that name, else the node's."""
    names: dict[str, Any] = {}
    for node in nodes:
        for index, port in enumerate(node.outputs()):
            suffix = f":{index}" if len(node.outputs()) > 1 else ""
            own = [name for name in sorted(port.get_names()) if name not in names]
            name, number = own[0] if own else f"{node.get_friendly_name()}{suffix}", 0
            while name in names:
                number += 1
                name = f"{node.get_friendly_name()}{suffix}#{number}"
            names[name] = port
    return names


def _key(port: Any) -> tuple[str, int]:
    return port.get_node().get_name(), port.get_index()


def _constants(node: Any) -> list[Any]:
    """`node` where it is a constant, or the constants behind it where it only converts or reshapes them."""
    if node.get_type_name() == "Constant":
        return [node]
    if node.get_type_name() in ("Convert", "Reshape", "Unsqueeze", "Squeeze", "Transpose"):
        return _constants(node.input(0).get_source_output().get_node())
    return []


def job(request: Request) -> dict[str, Any]:
    """`observe_job` with OpenVINO."""
    return observe_job(OpenVinoObservable, request)


if __name__ == "__main__":
    main(job, tools=("openvino",))
