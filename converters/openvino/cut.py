"""Cut out of OpenVINO IR what computes some tensors from others, with its constants.

Inputs: `model` (the .xml), `weights` (the .bin). Options: `inputs` (tensor -> its shape), `outputs` (names), as
`tensors.py` calls them. Writes `model.xml` and `model.bin`, whose inputs and outputs have the tensors' names.
"""

# A type checker without the package openvino takes this folder, which has its name, for it.
# pyright: reportAttributeAccessIssue=false

from typing import Any

import openvino
from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal
from openvino import opset13 as operators
from tensors import port_names


def cut(request: Request) -> dict[str, Any]:
    """Raises Refusal where a tensor is not in the model."""
    model = openvino.Core().read_model(request.inputs["model"], request.inputs["weights"])
    ports = port_names([node for node in model.get_ordered_ops() if node.get_type_name() != "Result"])
    wanted: dict[str, list[int]] = request.options["inputs"]
    outputs: list[str] = request.options["outputs"]
    for name in (*wanted, *outputs):
        if name not in ports:
            raise Refusal(f"the model has no tensor {name!r}", kind="input")
    parameters = []
    for name, shape in wanted.items():
        port = ports[name]
        parameter = operators.parameter(shape, port.get_element_type().to_dtype(), name=name)
        for reader in list(port.get_target_inputs()):
            reader.replace_source_output(parameter.output(0))
        port.set_names(set())
        parameter.output(0).set_names({name})
        parameters.append(parameter)
    results = []
    for name in outputs:
        ports[name].set_names({name})
        results.append(operators.result(ports[name]))
    small = openvino.Model(results, parameters, "cut")
    openvino.save_model(small, request.output / "model.xml", compress_to_fp16=False)
    return {"layers": len(small.get_ordered_ops()) - len(parameters) - len(results)}


if __name__ == "__main__":
    main(cut, tools=("openvino",))
