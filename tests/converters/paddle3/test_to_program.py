"""Paddle 3 programs written as programs of Paddle 2: the same bits in Paddle 3, the same values in Paddle 2.6."""

from pathlib import Path

import numpy as np
import pytest
from edgeworker.paddle_program import arguments, attribute, ops, read_program
from safetensors.numpy import load_file, save_file

from tests.converters.loading import load

pytestmark = pytest.mark.toolchain

NETWORKS = ("values", "neighbours", "moved")


@pytest.fixture(scope="module")
def write(run_worker):
    """Writes an adopted program as one of Paddle 2; returns the details and the folder."""
    return lambda program: run_worker("paddle3/to_program.py", {"program": program}, {})


@pytest.fixture(scope="module")
def in_paddle_2(run_worker, tmp_path_factory):
    """Runs a written program in Paddle 2.6 on images; returns the FP32 outputs and the float64 ones, by name."""

    def run(program: Path, images: np.ndarray) -> tuple[dict, dict]:
        tensors = tmp_path_factory.mktemp("tensors") / "x.safetensors"
        save_file({"x": images}, tensors)
        _, output = run_worker("paddle/run.py", {"program": program, "tensors": tensors}, {"batch": 1})
        return load_file(output / "reference.safetensors"), load_file(output / "oracle.safetensors")

    return run


def test_every_operator_that_has_a_translation_is_in_the_networks(exported):
    program = load("paddle3", "pir_program")
    there = {
        op.name.removesuffix("_")
        for name in NETWORKS
        for op in program.read_program(exported / name / "inference.json").ops
    }
    # Paddle's own passes put this one in, in place of `assign`.
    assert load("paddle3", "old_tables").TRANSLATIONS.keys() - there == {"share_data"}


@pytest.mark.parametrize("name", NETWORKS)
def test_every_operator_gives_the_same_in_both_paddles(adopt, write, in_paddle_2, run_program, noise, name):
    _, program = adopt(name)
    details, written = write(program)
    assert details["largest_difference"] == 0
    images = noise(2, 32)
    _, exact = run_program(program, images)
    single, double = in_paddle_2(written, images)
    (expected,) = exact.values()
    assert expected.shape[1] > 40  # one column for each operator's result
    # What depends on constants alone is stored as it was computed in single precision, a few roundings of it.
    for found, limit in ((double, 3e-7), (single, 2e-6)):
        (columns,) = found.values()
        errors = np.abs(columns - expected) / np.maximum(np.abs(expected), 0.05)
        assert errors.max() < limit, f"column {errors.max(axis=0).argmax()}"


def test_names_ports_and_parameters_stay(windowed, write):
    details, program = windowed
    _, folder = write(program)
    assert sorted(path.name for path in folder.iterdir()) == ["inference.pdiparams", "inference.pdmodel"]
    written = read_program(folder / "inference.pdmodel")
    feed, *_ = ops(written, {"feed"})
    assert arguments(feed.desc.outputs, "Out") == ["x"]
    fetched = [(arguments(op.desc.inputs, "X"), attribute(op, "col")) for op in ops(written, {"fetch"})]
    assert fetched == [([port["name"]], column) for column, port in enumerate(details["outputs"])]
    before = load("paddle3", "pir_program").read_program(program / "inference.json")
    stored = sorted(variable.name for variable in written.blocks[0].vars if variable.is_parameter)
    assert stored == list(before.parameters)
    kinds = {op.desc.type for op in ops(written)}
    assert {"reshape2", "transpose2", "reduce_mean", "split", "concat", "matmul_v2", "elementwise_add"} <= kinds
    # PIR's constants have become attributes.
    assert not kinds & {"fill_constant", "assign_value", "shape", "stack"}
    (split,) = ops(written, {"split"})
    assert (attribute(split, "axis"), len(arguments(split.desc.outputs, "Out") or [])) == (2, 2)


def test_any_batch(adopt, write, in_paddle_2, run_program, noise, run_worker, tmp_path):
    _, program = adopt("windowed", batch="dynamic")
    _, written = write(program)
    save_file({"x": noise(3, 64)}, tmp_path / "x.safetensors")
    inputs = {"program": written, "tensors": tmp_path / "x.safetensors"}
    _, output = run_worker("paddle/run.py", inputs, {"batch": [1, 2]})
    _, exact = run_program(program, noise(3, 64))
    for name, found in load_file(output / "reference.safetensors").items():
        np.testing.assert_allclose(found, exact[name], rtol=0, atol=1e-6)


def test_what_depends_on_constants_alone_is_stored(adopt, write):
    _, program = adopt("moved")
    details, folder = write(program)
    written = read_program(folder / "inference.pdmodel")
    assert details["constants"] > 0
    # The mask is filled, cut, compared and chosen in Paddle 3.
    assert not {"where", "equal", "eye"} & {op.desc.type for op in ops(written)}
    where = [variable for variable in written.blocks[0].vars if variable.name.startswith("where.")]
    assert [list(variable.type.lod_tensor.tensor.dims) for variable in where] == [[1, 1, 8, 8]]
    assert where[0].persistable
