"""Cut out of a Paddle 3 program what computes one tensor from others, with its parameters.

Inputs: `program`. Options: `inputs` (tensor -> its shape), `outputs` (one tensor). Writes `inference.json` and
`inference.pdiparams`, whose inputs and output have the tensors' names.
"""

import copy
from typing import Any

import numpy as np
from edgeworker.parameter_files import read_tensors, write_tensors
from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal
from pir_build import attribute, fetch, first_free_number, operator
from pir_graph import SILENT
from pir_names import value_names
from pir_program import PARAMETERS_FILE, PROGRAM_FILE, Json, Program, Value, read_program


def cut(request: Request) -> dict[str, Any]:
    """Raises Refusal for several outputs, for a tensor that is not there, and where the inputs do not suffice."""
    inputs: dict[str, list[int]] = request.options["inputs"]
    outputs: list[str] = request.options["outputs"]
    if len(outputs) != 1:
        raise Refusal(f"a program is cut to one output, not to {len(outputs)}", kind="input")
    folder = request.inputs["program"]
    program = read_program(folder / PROGRAM_FILE)
    small = cut_program(program, inputs, outputs[0])
    small.write(request.output / PROGRAM_FILE)
    stored = read_tensors(folder / PARAMETERS_FILE, list(program.parameters))
    kept: dict[str, np.ndarray] = {name: stored[name].values for name in small.parameters}
    write_tensors(request.output / PARAMETERS_FILE, kept)
    return {"layers": sum(op.name not in SILENT for op in small.ops)}


def cut_program(program: Program, inputs: dict[str, list[int]], output: str) -> Program:
    """The part of `program` that computes `output` from `inputs`."""
    names = value_names(program)
    values = {names[value.number][0]: value for op in program.ops for value in op.results if value.tensor is not None}
    for name in (*inputs, output):
        if name not in values:
            raise Refusal(f"the program has no tensor {name!r}", kind="input")
    number = first_free_number(program)
    fed = {name: number + position for position, name in enumerate(inputs)}

    def source(used: int) -> int:
        """A value's number in the cut: one that is given there has another."""
        own = names.get(used, ())
        return fed[own[0]] if len(own) == 1 and own[0] in fed else used

    needed = {values[output].number}
    kept: list[Json] = []
    for op in reversed(list(program.ops)):
        if op.name == "fetch" or not any(value.number in needed for value in op.results):
            continue
        if op.name in ("data", "feed"):
            raise Refusal(f"{output} cannot be computed without {op.attribute('name')}", kind="input")
        desc = copy.deepcopy(op.desc)
        for operand in desc.get("I", []):
            operand["%"] = source(operand["%"])
        kept.append(desc)
        needed.update(used for used in op.inputs if source(used) == used)
    feeds = [data(name, values[name], shape, fed[name]) for name, shape in inputs.items()]
    end = fetch(output, 0, values[output].number, number + len(inputs), copy.deepcopy(values[output].desc["TT"]))
    small = Program(copy.deepcopy({**program.document, "program": None}))
    small.document["program"] = {"regions": [{"#": "region_0", "blocks": [{"#": "block_0", "args": [], "ops": []}]}]}
    small.op_list[:] = [*feeds, *kept[::-1], end]
    return small


def data(name: str, value: Value, shape: list[int], number: int) -> Json:
    """What stands for an input."""
    made = copy.deepcopy(value.desc["TT"])
    made["D"][1] = list(shape)
    return operator(
        "1.data",
        [
            attribute("name", "0.a_str", name),
            attribute("shape", "1.a_intarray", list(shape)),
            attribute("dtype", "1.a_dtype", value.dtype),
            attribute("place", "1.a_place", [0, 0, ""]),
        ],
        [],
        number,
        made,
    )


if __name__ == "__main__":
    main(cut, tools=["paddlepaddle"])
