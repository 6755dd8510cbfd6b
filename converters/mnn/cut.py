"""Cut out of a `.mnn` model the operators that compute some tensors from others, with what they store.

Inputs: `model`. Options: `inputs` (tensor -> its shape), `outputs` (names). Writes `model.mnn`, whose inputs and
outputs have the tensors' names.
"""

from typing import Any

from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal
from layouts import CODES, layouts_of
from mnn_file import INPUT, MnnFile
from mnn_schema import PARAMETERS

FLOAT = 1  # Type.fbs: DT_FLOAT


def cut(request: Request) -> dict[str, Any]:
    """Returns `layers`, how many operators are left. Raises Refusal where a tensor is needed that is not given."""
    network = MnnFile.read(request.inputs["model"])
    inputs: dict[str, list[int]] = request.options["inputs"]
    outputs: list[str] = request.options["outputs"]
    makers = {name: position for position, one in enumerate(network.operators) for name in one.outputs}
    waiting, chosen = list(outputs), set()
    while waiting:
        name = waiting.pop()
        if name in inputs or makers.get(name) in chosen:
            continue
        if name not in makers or network.operators[makers[name]].type == "Input":
            raise Refusal(f"{', '.join(outputs)} cannot be computed without {name}", kind="input")
        chosen.add(makers[name])
        waiting += network.operators[makers[name]].inputs
    layouts = layouts_of(network)
    numbers = {name: number for number, name in enumerate(network.root["tensorName"])}
    given = [
        {
            "main_type": 1 + PARAMETERS.index("Input"),
            "main": {"dims": list(shape), "dtype": FLOAT, "dformat": CODES[layouts[name]]},
            "name": name,
            "outputIndexes": [numbers[name]],
            "type": INPUT,
        }
        for name, shape in inputs.items()
    ]
    kept = [network.root["oplists"][position] for position in sorted(chosen)]
    network.root.update({"oplists": [*given, *kept], "outputName": list(outputs)})
    network.write(request.output / "model.mnn")
    return {"layers": len(kept)}


if __name__ == "__main__":
    main(cut, tools=("mnn",))
