"""The ledger of an ONNX model: its initialisers, constants and attributes, explained by the program.

Inputs: `program`, `model`; `chosen`, of an INT8 model: what its quantisation chose. See `edgeworker.ledger`.
"""

from collections.abc import Iterator
from typing import Any

import onnx
from edgeworker.ledger.job import ledger_job
from edgeworker.ledger.stored import Stored, described
from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal
from onnx import AttributeProto, numpy_helper
from qdq import Quantisation


def stored(request: Request) -> Iterator[Stored]:
    """What the model stores. Raises Refusal (input) where it is none."""
    path = request.inputs["model"]
    try:
        graph = onnx.load(path).graph
    except Exception as error:  # protobuf's own errors have no common base
        raise Refusal(f"{path.name} is not an ONNX model, or is cut short", kind="input") from error
    yield from stored_in(graph)


def stored_in(graph: onnx.GraphProto) -> Iterator[Stored]:
    """Every initialiser and every Constant node with a tensor, by name; the layer is the first node that reads it.

    Then every node's numbers, by its first result.
    """
    readers: dict[str, str] = {}
    for node in graph.node:
        for name in node.input:
            readers.setdefault(name, f"{node.op_type} {node.output[0]}")
    quantised = Quantisation(graph)
    for tensor in graph.initializer:
        layer, values = readers.get(tensor.name, "no layer"), numpy_helper.to_array(tensor)
        yield quantised.stored(tensor.name, layer, values) or Stored(tensor.name, layer, values)
    numbers = {AttributeProto.FLOAT: lambda one: [one.f], AttributeProto.FLOATS: lambda one: one.floats}
    for node in graph.node:
        for one in node.attribute:
            if one.type in numbers:
                yield described(node.output[0], one.name, numbers[one.type](one), f"{node.op_type} {node.output[0]}")
        if node.op_type == "Constant" and node.attribute and node.attribute[0].HasField("t"):
            values = numpy_helper.to_array(node.attribute[0].t)
            yield Stored(node.output[0], readers.get(node.output[0], "no layer"), values)


def job(request: Request) -> dict[str, Any]:
    """`ledger_job` for ONNX."""
    return ledger_job(stored, request)


if __name__ == "__main__":
    main(job, tools=("onnx",))
