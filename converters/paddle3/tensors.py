"""The graph of a Paddle 3 program, and the tensors inside it as Paddle computes them, operator by operator.

Inputs: `program`, `tensors` (one batch; absent for the graph alone). Options: `names` (see `edgeworker.observe`),
`precision` ("fp32" or "fp64"), `threads`.
"""

import copy
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from edgeworker.observe import Graph, observe_job
from edgeworker.protocol import Request, main
from edgeworker.runner import Tensors
from paddle3_runtime import set_threads
from pir_build import fetch, first_free_number
from pir_execution import Execution
from pir_float64 import write_float64
from pir_graph import program_graph
from pir_names import value_names
from pir_program import PARAMETERS_FILE, PROGRAM_FILE, Program, read_program

# Paddle prepares a run in time quadratic in the count of outputs: 16 s for 1,579.
PER_RUN = 300
ASKED = "asked "


class Paddle3Observable:
    """One program; a tensor is asked for by making it an output."""

    def __init__(self, request: Request) -> None:
        self._folder = request.inputs["program"]
        self._double = request.options.get("precision", "fp32") == "fp64"
        self._threads = int(request.options.get("threads", 1))

    def graph(self) -> Graph:
        """The operators that depend on the inputs."""
        return program_graph(read_program(self._folder / PROGRAM_FILE))

    def observe(self, inputs: Tensors, names: list[str]) -> Tensors:
        """Run the program and fetch `names`."""
        set_threads(self._threads)
        kind = np.float64 if self._double else np.float32
        fed = {name: value.astype(kind) if value.dtype == np.float32 else value for name, value in inputs.items()}
        found = {name: fed[name] for name in names if name in fed}
        asked = [name for name in names if name not in fed]
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            if self._double:
                write_float64(self._folder, folder)
            else:
                (folder / PARAMETERS_FILE).symlink_to((self._folder / PARAMETERS_FILE).absolute())
            program = read_program((folder if self._double else self._folder) / PROGRAM_FILE)
            for start in range(0, len(asked), PER_RUN):
                part = asked[start : start + PER_RUN]
                with_outputs(program, part).write(folder / PROGRAM_FILE)
                values = Execution(folder).run(fed)
                found |= {name: values[f"{ASKED}{number}"] for number, name in enumerate(part)}
        return found


def with_outputs(program: Program, names: list[str]) -> Program:
    """A copy of the program with more outputs: the tensors `names` as `asked 0`, `asked 1`, ..."""
    own = value_names(program)
    values = {own[value.number][0]: value for op in program.ops for value in op.results if value.tensor is not None}
    copied = Program(copy.deepcopy(program.document))
    number, column = first_free_number(program), len(program.fetches)
    copied.op_list.extend(
        fetch(
            f"{ASKED}{position}",
            column + position,
            values[name].number,
            number + position,
            copy.deepcopy(values[name].desc["TT"]),
        )
        for position, name in enumerate(names)
    )
    return copied


def job(request: Request) -> dict[str, Any]:
    """`observe_job` with Paddle 3."""
    return observe_job(Paddle3Observable, request)


if __name__ == "__main__":
    main(job, tools=["paddlepaddle"])
