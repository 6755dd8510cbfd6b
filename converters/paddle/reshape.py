"""Gives a program another input shape, and lets Paddle work out every other shape from it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from edgeworker.output_kind import is_row
from edgeworker.protocol import Refusal
from paddle_runtime import first_words, framework_pb2, paddle
from program import PROGRAM_FILE, Port, ports


def with_input_shape(
    description: framework_pb2.ProgramDesc, image: Port, shape: Sequence[int], outputs: Sequence[str]
) -> framework_pb2.ProgramDesc:
    """The same program for an input `image` of `shape` [N, 3, H, W]; N = -1 is any number of samples.

    Raises Refusal (input) where an operator does not go with it, since something in the program was fixed for the
    shape it was exported with.
    """
    (variable,) = (each for each in description.blocks[0].vars if each.name == image.name)
    variable.type.lod_tensor.tensor.dims[:] = shape
    # Paddle takes reshape's and others' results as they are where they are declared; only those computed count.
    paddle.enable_static()
    program = paddle.static.Program.parse_from_string(description.SerializeToString())
    block = program.desc.block(0)
    for index in range(block.op_size()):
        op = block.op(index)
        if op.type() in ("feed", "fetch"):
            continue
        try:
            op.infer_shape(block)
        # Paddle's checks raise errors of many classes.
        except Exception as error:
            result = next(iter(op.output_arg_names()), "")
            raise _does_not_take(image, shape, f"{op.type()} (op {index} -> {result}): {first_words(error)}") from error
    resolved = framework_pb2.ProgramDesc.FromString(program.desc.serialize_to_string())
    for port in ports(resolved)[1]:
        if port.name in outputs and (port.shape[0] not in (shape[0], -1) or not is_row(port.shape)):
            raise _does_not_take(image, shape, f"its output {port.name} becomes {list(port.shape)}")
        if port.shape[0] != shape[0]:
            raise _does_not_take(image, shape, f"the number of samples in {port.name} stays open")
    return resolved


def check_runs(folder: Path, image: Port, shape: Sequence[int]) -> None:
    """Run the program in `folder` on an empty picture: some checks of shapes Paddle makes only then.

    Raises Refusal (input) where it fails, or gives other shapes than it declares.
    """
    paddle.enable_static()
    executor = paddle.static.Executor(paddle.CPUPlace())
    given = [2 if shape[0] == -1 else shape[0], *shape[1:]]
    with paddle.static.scope_guard(paddle.static.Scope()):
        program, _, outputs = paddle.static.load_inference_model(str(folder / Path(PROGRAM_FILE).stem), executor)
        try:
            values = executor.run(program, feed={image.name: np.zeros(given, np.float32)}, fetch_list=outputs)
        except Exception as error:  # of many classes, as above
            raise _does_not_take(image, shape, first_words(error)) from error
    for output, value in zip(outputs, values, strict=True):
        declared = [given[0], *output.shape[1:]]
        if list(value.shape) != declared:
            raise _does_not_take(image, shape, f"its output {output.name} becomes {list(value.shape)}, not {declared}")


def _does_not_take(image: Port, shape: Sequence[int], reason: str) -> Refusal:
    declared = ", ".join("any" if extent < 1 else str(extent) for extent in image.shape)
    wanted = ", ".join("any" if extent < 1 else str(extent) for extent in shape)
    return Refusal(
        f"the program, whose input {image.name} is [{declared}], does not take [{wanted}]: {reason}",
        "Choose the --input-size and --batch that it was exported for, or export it again",
        kind="input",
    )
