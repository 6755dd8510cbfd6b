"""Cut out of a TFLite model what computes some tensors from others, with its constants.

Inputs: `model`. Options: `inputs` (tensor -> its shape), `outputs` (names), as `tensors.py` calls them. Writes
`model.tflite`, whose inputs and outputs have the tensors' names.
"""

from typing import Any

from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal
from model_file import read_model, write_model
from stored_model import read_stored
from tensors import unique_names


def cut(request: Request) -> dict[str, Any]:
    """Returns `layers`: how many operators are left. Raises Refusal where the outputs need more than the inputs."""
    path = request.inputs["model"]
    stored = read_stored(path)
    numbers = {name: number for number, name in enumerate(unique_names(stored))}
    given, wanted = request.options["inputs"], request.options["outputs"]
    for name in (*given, *wanted):
        if name not in numbers:
            raise Refusal(f"the model has no tensor {name!r}", kind="input")
    inputs, outputs = ([numbers[name] for name in names] for names in (given, wanted))
    needed, kept = set(outputs), []
    for place, operator in reversed(list(enumerate(stored.operators))):
        if not needed.isdisjoint(operator.outputs) and needed.isdisjoint(set(operator.outputs) & set(inputs)):
            kept.append(place)
            needed.update(number for number in operator.inputs if number >= 0)
    kept.reverse()
    made = {number for place in kept for number in stored.operators[place].outputs}
    for number in sorted(needed - made - set(inputs)):
        if stored.tensors[number].values is None:
            raise Refusal(f"{', '.join(wanted)} cannot be computed without {stored.tensors[number].name}", kind="input")
    model = read_model(path)
    graph = model.subgraphs[0]
    graph.operators = [graph.operators[place] for place in kept]
    graph.inputs, graph.outputs = inputs, outputs
    model.signatureDefs = []
    write_model(model, request.output / "model.tflite")
    return {"layers": len(kept)}


if __name__ == "__main__":
    main(cut, tools=("ai-edge-litert",))
