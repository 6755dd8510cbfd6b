"""Programs that count with shapes while they run: what is left of that once the input's shape is fixed."""

import numpy as np
import pytest
from edgeworker import paddle_program
from edgeworker.paddle_program import attribute, ops
from safetensors.numpy import load_file, save_file

pytestmark = pytest.mark.toolchain

SIZE, WINDOWS, CHANNELS = 32, 64, 48  # windows of 4 x 4 pixels, three colours each
COUNTING = {"shape", "slice", "elementwise_floordiv", "fill_constant", "cast", "range", "assign_value"}


@pytest.fixture
def adopt(run_worker, foreign_models):
    """Adopts the model that counts with shapes; returns its program's folder."""

    def adopted(batch):
        folder = foreign_models / "windows"
        inputs = {"graph": folder / "inference.pdmodel", "parameters": folder / "inference.pdiparams"}
        return run_worker("paddle/adopt.py", inputs, {"input_size": SIZE, "usual_size": 224, "batch": batch})[1]

    return adopted


def program_of(folder):
    return paddle_program.read_program(folder / "inference.pdmodel")


def kinds(folder):
    return [op.desc.type for op in ops(program_of(folder))]


def targets(folder):
    return [attribute(op, "shape") for op in ops(program_of(folder), {"reshape2"})]


@pytest.fixture
def run(run_worker, tmp_path):
    """What a program gives for five noisy pictures, a batch at a time."""

    def outputs(folder, batch):
        pictures = np.random.default_rng(3).standard_normal((5, 3, SIZE, SIZE)).astype(np.float32)
        save_file({"x": pictures}, tmp_path / "x.safetensors")
        inputs = {"program": folder, "tensors": tmp_path / "x.safetensors"}
        _, output = run_worker("paddle/run.py", inputs, {"batch": batch, "threads": 1})
        (values,) = load_file(output / "reference.safetensors").values()
        return values

    return outputs


def test_the_model_counts_before(foreign_models):
    """Else the rest would prove nothing."""
    found = kinds(foreign_models / "windows")
    assert found.count("shape") >= 2
    assert "slice" in found
    program = program_of(foreign_models / "windows")
    assert any(paddle_program.arguments(op.desc.inputs, "ShapeTensor") for op in ops(program, {"reshape2"}))


@pytest.mark.parametrize("batch", [1, 5])
def test_nothing_counts_in_a_fixed_batch(adopt, batch):
    folder = adopt(batch)
    assert not COUNTING & set(kinds(folder))
    assert targets(folder) == [
        [batch, 3, SIZE // 4, 4, SIZE // 4, 4],
        [-1, CHANNELS],
        [batch, -1, CHANNELS],
        [batch, -1],
    ]
    for op in ops(program_of(folder), {"reshape2", "expand_v2"}):
        assert [slot.parameter for slot in op.desc.inputs if slot.arguments] == ["X"]


def test_of_an_open_batch_only_what_needs_it_counts(adopt):
    """Reshapes have one open extent; `expand` has no other way to learn how many samples there are."""
    folder = adopt("dynamic")
    assert targets(folder) == [
        [-1, 3, SIZE // 4, 4, SIZE // 4, 4],
        [-1, CHANNELS],
        [-1, WINDOWS, CHANNELS],
        [-1, 16],
    ]
    assert kinds(folder).count("shape") == 1


def test_every_batch_computes_the_same(adopt, run):
    alone = run(adopt(1), 1)
    assert alone.shape == (5, 7)
    assert np.ptp(alone) > 0.01  # pictures and classes differ
    np.testing.assert_allclose(run(adopt(5), 5), alone, rtol=1e-5, atol=1e-6)
    for batch in (1, [1, 4], 5):
        np.testing.assert_allclose(run(adopt("dynamic"), batch), alone, rtol=1e-5, atol=1e-6)
