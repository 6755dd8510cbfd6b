"""A Paddle 3 program written as a Paddle 2 program: `inference.pdmodel` and `inference.pdiparams`.

Paddle Lite reads nothing else. What comes out is run beside what went in before anybody gets it.
"""

from typing import Any

from edgeworker.paddle_program import ops, write_program
from edgeworker.parameter_files import read_tensors, write_tensors
from edgeworker.protocol import Request, main
from old_check import check_same
from old_program import old_program
from pir_constants import computed_constants
from pir_names import value_names
from pir_program import PARAMETERS_FILE, PROGRAM_FILE, read_program

OLD_PROGRAM_FILE = "inference.pdmodel"


def to_program(request: Request) -> dict[str, Any]:
    """Write both files; inputs, outputs and parameters keep their names.

    Inputs: `program`, a folder that `adopt.py` wrote. Returns `operators` (how many), `constants` (how many tensors
    were computed and stored) and `largest_difference` (of any output on noise, relative to the sample's largest value).
    Raises Refusal, naming kind and place, for an operator that Paddle 2 does not have.
    """
    folder = request.inputs["program"]
    program = read_program(folder / PROGRAM_FILE)
    constants = computed_constants(program)
    written = old_program(program, constants)
    write_program(written.description, request.output / OLD_PROGRAM_FILE)

    names = value_names(program)
    stored = read_tensors(folder / PARAMETERS_FILE, list(program.parameters))
    tensors = {name: tensor.values for name, tensor in stored.items()}
    tensors |= {names[number][0]: value for number, value in constants.items()}
    write_tensors(request.output / PARAMETERS_FILE, {name: tensors[name] for name in written.parameters})
    return {
        "operators": sum(op.desc.type not in ("feed", "fetch") for op in ops(written.description)),
        "constants": len(set(written.parameters) - set(program.parameters)),
        "largest_difference": check_same(program, folder, request.output),
    }


if __name__ == "__main__":
    main(to_program, tools=["paddlepaddle"])
