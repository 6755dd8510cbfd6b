"""Cut one operator out of a Paddle Lite model, with its parameters.

Inputs: `model` (a .nb file). Options: `inputs` (variable -> its shape), `outputs` (variables of one operator). Writes
`model.nb`, whose inputs and outputs have the variables' names.
"""

from typing import Any

from edgeworker.flat_reader import Damaged
from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal
from nb_program import only


def cut(request: Request) -> dict[str, Any]:
    """Raises Refusal where no operator writes the outputs."""
    outputs: list[str] = request.options["outputs"]
    content = request.inputs["model"].read_bytes()
    try:
        small = only(content, outputs[0], list(request.options["inputs"]), outputs)
    except Damaged as damage:
        raise Refusal(f"the operator cannot be cut out: {damage}", kind="input") from damage
    (request.output / "model.nb").write_bytes(small)
    return {"layers": 1}


if __name__ == "__main__":
    main(cut, tools=("paddlelite",))
