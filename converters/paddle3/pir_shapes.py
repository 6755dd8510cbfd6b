"""Gives a program a fixed input shape, and works out every other shape from it by running it.

An exported program leaves the batch open, and often the size. Then it computes with shapes while it runs (Twins: 500
operators that count windows), and paddle2onnx writes all that down: OnnxSlim takes 90 s on alt_gvt_small instead of 6,
and arithmetic stays that ncnn does not know. Paddle 3 has no inference of shapes for a program that is already there.
So it runs once with probes (`pir_probe`), and what is then known of shapes is written in: into the types, and as
constants where integers depend on nothing but shapes.
"""

import copy
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from edgeworker.refusal import Refusal
from paddle3_runtime import first_words
from pir_build import constant, first_free_number
from pir_execution import Execution
from pir_probe import UNPROBED, Findings, with_probes
from pir_program import OPEN, PARAMETERS_FILE, PROGRAM_FILE, VECTOR, Json, Op, Program

# A batch that may be anything is tried with the first two; what is the same in both does not depend on it.
TRIED_BATCHES = (2, 3, 5)
LARGEST_CONSTANT = 64  # integers; shapes, paddings and the starts of slices have far fewer
SEED = 7


def fix_input_shape(program: Program, parameters: Path, shape: Sequence[int]) -> None:
    """Give the one input the shape [N, C, H, W]; N = -1 is any number of samples.

    The same computation comes out: it runs before and after, on noise, and must give the same outputs.
    Raises Refusal (input) where the program does not take such an input.
    """
    (feed,) = program.feeds
    declared = feed.results[0].shape
    set_input_shape(feed, shape)
    probed = with_probes(program)
    images = [noise([batch, *shape[1:]]) for batch in (TRIED_BATCHES if shape[0] == OPEN else shape[:1])]
    with loaded(probed.program, parameters) as execution:
        found = [probed.read(run(execution, feed, image, declared)) for image in images]
    write_shapes(program, found[:2])
    fold_constants(program, found[:2])
    drop_unused(program)
    with loaded(program, parameters) as execution:
        for image, before in zip(images, found, strict=True):
            for name, value in run(execution, feed, image, declared).items():
                if not np.array_equal(value, before.outputs[name], equal_nan=True):
                    raise RuntimeError(f"fixing the program's shapes changed its output {name}")


def noise(shape: Sequence[int]) -> np.ndarray:
    """Standard normal numbers, float32: like a normalised photo in size."""
    return np.random.default_rng(SEED).standard_normal(shape, dtype=np.float32)


def set_input_shape(feed: Op, shape: Sequence[int]) -> None:
    """Write `shape` into the operator and into its result's type."""
    for attribute in feed.desc["A"]:
        if attribute["N"] == "shape":
            attribute["AT"]["D"] = list(shape)
    feed.results[0].set_shape(shape)


@contextmanager
def loaded(program: Program, parameters: Path) -> Iterator[Execution]:
    """The program with its parameters, ready to run."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        program.write(folder / PROGRAM_FILE)
        (folder / PARAMETERS_FILE).symlink_to(parameters.absolute())
        yield Execution(folder)


def run(execution: Execution, feed: Op, image: np.ndarray, declared: Sequence[int]) -> dict[str, np.ndarray]:
    """Every output by name. Raises Refusal (input) where the program, declared for another shape, fails on it."""
    name = feed.attribute("name")
    try:
        return execution.run({name: image})
    # Paddle's checks raise errors of many classes.
    except Exception as error:
        said = ", ".join("any" if extent == OPEN else str(extent) for extent in declared)
        raise Refusal(
            f"the program, whose input {name} is [{said}], does not take {list(image.shape)}: {first_words(error)}",
            "Choose the --input-size and --batch that it was exported for, or export it again",
            kind="input",
        ) from error


def write_shapes(program: Program, found: Sequence[Findings]) -> None:
    """Write the shapes that were found into the types; an extent that differs between runs is -1."""
    types = {value.number: value.desc["TT"] for op in program.ops for value in op.results}
    for op in program.ops:
        if op.name in UNPROBED:
            continue
        for value in op.results:
            if value.number in found[0].shapes:
                extents = [set(each) for each in zip(*(run.shapes[value.number] for run in found), strict=True)]
                value.set_shape([each.pop() if len(each) == 1 else OPEN for each in extents])
    for op in program.ops:
        if op.name == "builtin.combine":  # lists of tensors are put together and taken apart by operators of their own
            op.results[0].desc["TT"]["D"] = [copy.deepcopy(types[number]) for number in op.inputs]
        elif op.name == "builtin.split" and types[op.inputs[0]]["#"] == VECTOR:
            types[op.inputs[0]]["D"] = [copy.deepcopy(value.desc["TT"]) for value in op.results]
        elif op.name == "fetch":
            op.results[0].desc["TT"] = copy.deepcopy(types[op.inputs[0]])


def fold_constants(program: Program, found: Sequence[Findings]) -> None:
    """Put constants in the place of the integers that shapes decide, where they are the same in every run."""
    number = first_free_number(program)
    ops: list[Json] = []
    for op in program.ops:
        ops.append(op.desc)
        for value in op.results:
            content = found[0].integers.get(value.number)
            if content is None or content.size > LARGEST_CONSTANT:
                continue
            if all(np.array_equal(content, run.integers[value.number]) for run in found):
                ops.append(constant(content, value.dtype, value.number))
                value.desc["%"], number = number, number + 1  # nobody uses the computed one any more
    program.op_list[:] = ops


def drop_unused(program: Program) -> None:
    """Take out the operators whose results nobody uses; those that change their input (`..._`) stay."""
    used: set[int] = set()
    kept: list[Json] = []
    for op in reversed(list(program.ops)):
        if op.name in UNPROBED or op.name.endswith("_") or any(value.number in used for value in op.results):
            used.update(op.inputs)
            kept.append(op.desc)
    program.op_list[:] = reversed(kept)
