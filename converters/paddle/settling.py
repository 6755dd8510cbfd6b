"""Settles an exported program for its input's shape, as a program from elsewhere is, where that changes anything."""

from pathlib import Path

from edgeworker.paddle_program import ops
from paddle_runtime import framework_pb2
from program import PROGRAM_FILE, ports
from reshape import check_runs, with_input_shape

# Operators that compute with shapes, and those that lack an attribute when they are written in static mode.
UNSETTLED = {"shape", "relu6"}


def settle(description: framework_pb2.ProgramDesc, folder: Path) -> framework_pb2.ProgramDesc:
    """The program in `folder` with constants for what follows from its input's shape; written there too.

    What computes with no shape stays as it is, to the byte.
    """
    if not any(_is_unsettled(op) for op in ops(description)):
        return description
    (image,), outputs = ports(description)
    settled, changed = with_input_shape(description, image, image.shape, [port.name for port in outputs])
    (folder / PROGRAM_FILE).write_bytes(settled.SerializeToString(deterministic=True))
    check_runs(folder, image, image.shape, description if changed else None)
    return settled


def _is_unsettled(op) -> bool:
    tensors = (slot for slot in op.desc.inputs if slot.parameter.endswith(("Tensor", "TensorList")))
    return op.desc.type in UNSETTLED or any(slot.arguments for slot in tensors)
