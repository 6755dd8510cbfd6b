"""The same program in float64: what every FP32 engine approximates, Paddle's own among them."""

from pathlib import Path

import numpy as np
from edgeworker.parameter_files import read_tensors, write_tensors
from pir_program import FLOAT32, FLOAT64, PARAMETERS_FILE, PROGRAM_FILE, Json, read_program

ELEMENT32, ELEMENT64 = "0.t_f32", "0.t_f64"
TYPE_ATTRIBUTE = "1.a_dtype"


def write_float64(source: Path, target: Path) -> None:
    """Write the program of the folder `source` into the folder `target`, with every FP32 value a float64 one."""
    program = read_program(source / PROGRAM_FILE)
    names = list(program.parameters)
    widen(program.op_list)
    program.write(target / PROGRAM_FILE)
    stored = read_tensors(source / PARAMETERS_FILE, names)
    widened = {
        name: tensor.values.astype(np.float64) if tensor.dtype == np.float32 else tensor.values
        for name, tensor in stored.items()
    }
    write_tensors(target / PARAMETERS_FILE, widened)


def widen(desc: Json) -> None:
    """Change FP32 to float64 wherever a type is written: the values' types, and what `cast` or `full` make."""
    if isinstance(desc, dict):
        if desc.get("#") == ELEMENT32:
            desc["#"] = ELEMENT64
        elif desc.get("#") == TYPE_ATTRIBUTE and desc.get("D") == FLOAT32:
            desc["D"] = FLOAT64
        for each in desc.values():
            widen(each)
    elif isinstance(desc, list):
        for each in desc:
            widen(each)
