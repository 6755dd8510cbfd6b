import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from edgekit.errors import UsageError

pytestmark = pytest.mark.toolchain


@pytest.fixture
def tensors(tmp_path):
    path = tmp_path / "tensors.safetensors"
    save_file({"x": np.random.default_rng(1).standard_normal((2, 3, 8, 8)).astype(np.float32)}, path)
    return path


def test_outputs_come_under_the_programs_names(run_worker, tiny_files, tensors):
    options = {"inputs": {"x": "x"}, "outputs": {"scores": "logits"}}
    details, output = run_worker("lite/run.py", {"model": tiny_files["x86"], "tensors": tensors}, options)
    values = load_file(output / "outputs.safetensors")
    assert list(values) == ["scores"]
    assert values["scores"].shape == (2, 5)
    assert not np.array_equal(values["scores"][0], values["scores"][1])  # the first is no view of the second
    assert details == {"samples": 2, "latency": None, "threads": 2}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch": 2}, "which a batch of 2 does not fit"),
        ({"outputs": {"logits": "softmax"}}, r"outputs are \['logits'\], not \['softmax'\]"),
        ({"inputs": {"image": "x"}}, r"inputs are \['image'\], given \['x'\]"),
        ({"precision": "int4"}, "takes models in fp32, fp16, int8, int8-weights, int16-weights, not int4"),
    ],
)
def test_what_does_not_fit_is_refused(run_worker, tiny_files, tensors, options, message):
    with pytest.raises(UsageError, match=message):
        run_worker("lite/run.py", {"model": tiny_files["x86"], "tensors": tensors}, options)


def test_another_size_is_refused(run_worker, tiny_files, tmp_path):
    save_file({"x": np.zeros((1, 3, 9, 8), np.float32)}, tmp_path / "large.safetensors")
    with pytest.raises(UsageError, match=r"'x' is \[1, 3, 9, 8\] where the model takes \[1, 3, 8, 8\]"):
        run_worker("lite/run.py", {"model": tiny_files["x86"], "tensors": tmp_path / "large.safetensors"}, {})


def test_a_model_for_arm_is_refused(run_worker, tiny_files, tensors):
    with pytest.raises(UsageError, match="was converted for ARM"):
        run_worker("lite/run.py", {"model": tiny_files["arm"], "tensors": tensors}, {})


def test_a_damaged_model_is_refused(run_worker, tiny_files, tensors, tmp_path):
    (tmp_path / "cut.nb").write_bytes(tiny_files["x86"].read_bytes()[:4000])
    with pytest.raises(UsageError, match="is not a whole Paddle Lite model"):
        run_worker("lite/run.py", {"model": tmp_path / "cut.nb", "tensors": tensors}, {})
