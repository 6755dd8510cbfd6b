"""A Paddle 3 inference model from elsewhere, taken in: checked, with fixed shapes, under the usual file names.

It comes from a stranger. Form, operators and parameters are looked at before Paddle gets it.
"""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
from edgeworker.parameter_files import StoredTensor, check_precision, read_tensors
from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal
from edgeworker.sizes import fixed_size
from pir_operators import check_program
from pir_ports import Port, check_ports, ports
from pir_program import OPEN, PARAMETERS_FILE, PROGRAM_FILE, Program, read_program
from pir_shapes import fix_input_shape

MOST_BATCH = 4096
BATCH_NORMS = {"batch_norm", "batch_norm_"}


def adopt(request: Request) -> dict[str, Any]:
    """Write `inference.json` and `inference.pdiparams`: the same computation with a fixed input shape.

    Inputs: `graph` (the .json file), `parameters` (the .pdiparams file).
    Options: `input_size` (None: the program's own), `usual_size` (for the sides that the program leaves open), both as
    `edgeworker.sizes` reads them, `channels` (where the program leaves them open), `batch` (a number or "dynamic").
    Returns `inputs`, `outputs` (name, shape, dtype; an output's `kind` and `known_from`, see
    `edgeworker.output_kind`), `parameters` (values), `class_count` (of the first output), and `size_was_open`.
    Raises Refusal for what is no image classifier in FP32, and for operators that no target can get.
    """
    options = request.options
    program = read_program(request.inputs["graph"])
    image = check_ports(program)
    check_program(program)
    stored = _parameters(request.inputs["parameters"], program)

    open_size = OPEN in image.shape[2:]
    size = fixed_size(image.shape[2:], options.get("input_size"), options["usual_size"])
    channels = int(options.get("channels", 3)) if image.shape[1] == OPEN else image.shape[1]
    fix_input_shape(program, request.inputs["parameters"], [_batch(options.get("batch", 1)), channels, *size])

    program.write(request.output / PROGRAM_FILE)
    shutil.copyfile(request.inputs["parameters"], request.output / PARAMETERS_FILE)
    inputs, outputs = ports(program)
    return {
        "inputs": [_port(port) for port in inputs],
        "outputs": [{**_port(port), "kind": port.kind, "known_from": port.known_from} for port in outputs],
        "parameters": _trained_values(program, stored),
        "class_count": outputs[0].shape[1],
        "size_was_open": open_size,
    }


def _batch(option: int | str) -> int:
    if option == "dynamic":
        return OPEN
    if not 1 <= int(option) <= MOST_BATCH:
        raise Refusal(
            f"a batch of {option} images is impossible", f'Give a number from 1 to {MOST_BATCH}, or "dynamic"', "input"
        )
    return int(option)


def _parameters(path: Path, program: Program) -> dict[str, StoredTensor]:
    """The parameters, each checked against the program: shape, type, finite values."""
    declared = program.parameters
    stored = read_tensors(path, list(declared))
    for name, tensor in stored.items():
        value = declared[name]
        check_precision(name, tensor)
        if tensor.shape != value.shape or tensor.dtype.name != value.dtype:
            raise Refusal(
                f"the parameter {name} is {value.dtype} {list(value.shape)} in the program and "
                f"{tensor.dtype.name} {list(tensor.shape)} in {path.name}",
                "Give program and parameters of one export",
                kind="input",
            )
        if tensor.dtype.kind == "f" and not np.isfinite(tensor.values).all():
            raise Refusal(f"the parameter {name} holds NaN or infinite values", kind="input")
    return stored


def _trained_values(program: Program, stored: dict[str, StoredTensor]) -> int:
    """How many values were trained: all real ones but the batch norms' running statistics."""
    statistics = {number for op in program.ops if op.name in BATCH_NORMS for number in op.inputs[1:3]}
    return sum(
        stored[name].values.size
        for name, value in program.parameters.items()
        if stored[name].dtype.kind == "f" and value.number not in statistics
    )


def _port(port: Port) -> dict[str, Any]:
    return {"name": port.name, "shape": list(port.shape), "dtype": port.dtype}


if __name__ == "__main__":
    main(adopt, tools=["paddlepaddle"])
