"""Gives a program another input shape, works out every other shape from it, and folds what follows from shapes."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from edgeworker.output_kind import is_row
from edgeworker.refusal import Refusal
from fold import OPEN, fold
from paddle_runtime import first_words, framework_pb2, paddle
from program import PARAMETERS_FILE, PROGRAM_FILE, Port, ports, read
from shapes import DoesNotFit, find_shapes

# A batch that may be anything is tried with these two; what is the same in both does not depend on it.
TRIED_BATCHES = (2, 3)
UNTRIED_BATCH = 1
SEED = 7


def with_input_shape(
    description: framework_pb2.ProgramDesc, image: Port, shape: Sequence[int], outputs: Sequence[str]
) -> tuple[framework_pb2.ProgramDesc, bool]:
    """The same program for an input `image` of `shape` [N, C, H, W], and whether an operator had to change.

    N = -1 is any number of samples. Raises Refusal (input) where an operator does not go with it, since something in
    the program was fixed for the shape it was exported with.
    """
    batches = TRIED_BATCHES if shape[0] == OPEN else shape[:1]
    try:
        found = [find_shapes(description, image.name, [batch, *shape[1:]]) for batch in batches]
    except DoesNotFit as error:
        raise _does_not_take(image, shape, str(error)) from error
    resolved = found[0].completed
    changed = fold(resolved, found)
    for port in ports(resolved)[1]:
        if port.name in outputs and (port.shape[0] not in (shape[0], -1) or not is_row(port.shape)):
            raise _does_not_take(image, shape, f"its output {port.name} becomes {list(port.shape)}")
        if port.shape[0] != shape[0]:
            raise _does_not_take(image, shape, f"the number of samples in {port.name} stays open")
    return resolved, changed


def check_runs(
    folder: Path, image: Port, shape: Sequence[int], before: framework_pb2.ProgramDesc | None = None
) -> None:
    """Run the program in `folder` on one picture: some checks of shapes Paddle makes only then.

    `before` is the program as it came, where operators were changed: it must give the same, bit for bit.
    Raises Refusal (input) where the program fails, or gives other shapes than it declares.
    """
    given = [UNTRIED_BATCH if shape[0] == OPEN else shape[0], *shape[1:]]
    picture = np.random.default_rng(SEED).standard_normal(given, dtype=np.float32)
    expected: dict[str, np.ndarray] = {}
    try:
        values = _run(folder / PROGRAM_FILE, folder / PARAMETERS_FILE, picture)
        if before is not None:
            with tempfile.TemporaryDirectory() as scratch:
                graph = Path(scratch) / PROGRAM_FILE
                graph.write_bytes(before.SerializeToString())
                expected = _run(graph, folder / PARAMETERS_FILE, picture)
    except Exception as error:  # of many classes
        raise _does_not_take(image, shape, first_words(error)) from error
    for output in ports(read(folder))[1]:
        value, declared = values[output.name], [given[0], *output.shape[1:]]
        if list(value.shape) != declared:
            raise _does_not_take(image, shape, f"its output {output.name} becomes {list(value.shape)}, not {declared}")
        if not np.array_equal(value, expected.get(output.name, value), equal_nan=True):
            raise RuntimeError(f"fixing the program's shapes changed its output {output.name}")


def _run(graph: Path, parameters: Path, picture: np.ndarray) -> dict[str, np.ndarray]:
    """Every output by name. Operator by operator as written: the executor's preparations are quadratic in those."""
    config = paddle.inference.Config(str(graph), str(parameters))
    config.disable_gpu()
    config.disable_glog_info()
    config.switch_ir_optim(False)
    predictor = paddle.inference.create_predictor(config)
    (name,) = predictor.get_input_names()
    predictor.get_input_handle(name).copy_from_cpu(picture)
    predictor.run()
    return {name: predictor.get_output_handle(name).copy_to_cpu() for name in predictor.get_output_names()}


def _does_not_take(image: Port, shape: Sequence[int], reason: str) -> Refusal:
    declared = ", ".join("any" if extent < 1 else str(extent) for extent in image.shape)
    wanted = ", ".join("any" if extent < 1 else str(extent) for extent in shape)
    return Refusal(
        f"the program, whose input {image.name} is [{declared}], does not take [{wanted}]: {reason}",
        "Choose the --input-size and --batch that it was exported for, or export it again",
        kind="input",
    )
