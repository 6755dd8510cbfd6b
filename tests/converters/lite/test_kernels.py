"""Kernels of Paddle Lite that are wrong, and the rewrites that go around them, in the real runtime."""

from pathlib import Path

import numpy as np
import pytest
from edgeworker.paddle_program import write_program
from safetensors.numpy import load_file, save_file

from edgekit.errors import EdgekitError
from tests.converters.paddle_programs import Written, noise

pytestmark = pytest.mark.toolchain

SHAPE = [1, 2, 3, 9, 4, 5]


def squares(folder: Path) -> tuple[Path, np.ndarray, np.ndarray]:
    x = noise(1, 4, 6, 6)
    written = Written(list(x.shape))
    written.then("pow", {"X": ["x"]}, "y", x.shape, factor=2.0)
    return saved(written, folder), x, x**2


def sums(folder: Path) -> tuple[Path, np.ndarray, np.ndarray]:
    x = noise(*SHAPE)
    written = Written(SHAPE)
    left = [*SHAPE[:3], *SHAPE[4:]]
    attributes = {"dim": [3], "keep_dim": False, "reduce_all": False, "in_dtype": -1, "out_dtype": -1}
    written.then("reduce_sum", {"X": ["x"]}, "y", left, **attributes)
    return saved(written, folder), x, x.sum(3)


def saved(written: Written, folder: Path) -> Path:
    """The program as a folder, with an output that the runtime hands out."""
    (last,) = (op.desc.outputs[0].arguments[0] for op in written.graph.ops()[-1:])
    shape = written.graph.shape(last)
    written.then("scale", {"X": [last]}, "out", shape, scale=1.0, bias=0.0, bias_after_scale=True)
    block = written.graph.block
    for name, kind in (("feed", 9), ("fetch", 10)):
        block.vars.add(name=name, persistable=True).type.type = kind
    feed = next(op for op in block.ops if op.type == "feed")
    feed.inputs.add(parameter="X", arguments=["feed"])
    feed.attrs.add(name="col", type=0, i=0)
    written.add("fetch", {"X": ["out"]}, {"Out": ["fetch"]}, col=0)
    folder.mkdir()
    write_program(written.graph.settled(), folder / "inference.pdmodel")
    (folder / "inference.pdiparams").touch()
    return folder


@pytest.mark.parametrize(("make", "rewrite"), [(squares, "pow-as-product"), (sums, "lower-reduction-rank")])
def test_without_the_rewrite_it_is_wrong(run_worker, tmp_path, make, rewrite):
    folder, x, expected = make(tmp_path / "program")
    save_file({"x": x}, tmp_path / "x.safetensors")
    errors = []
    for names in ([], [rewrite]):
        options = {"targets": ["x86"], "precision": "fp32", "rewrites": [*names, "declare-xshape"]}
        _, converted = run_worker("lite/convert.py", {"program": folder}, options)
        inputs = {"model": converted / "model.x86.nb", "tensors": tmp_path / "x.safetensors"}
        _, output = run_worker("lite/run.py", inputs, {"batch": 1})
        (found,) = load_file(output / "outputs.safetensors").values()
        errors.append(np.abs(found.reshape(expected.shape) - expected).max() / np.abs(expected).max())
    without, with_it = errors
    assert not without < 0.1  # NaN too
    assert with_it < 1e-6


def test_what_cannot_run_is_right_with_the_rewrites(run_worker, tmp_path):
    """Heads that share a matrix end the process, and a sum has no kernel."""
    x = noise(1, 4, 6, 3)
    written = Written(list(x.shape))
    written.then("scale", {"X": ["x"]}, "z", x.shape, scale=2.0, bias=0.0, bias_after_scale=True)
    written.then("sum", {"X": ["x", "z", "z"]}, "s", x.shape)
    written.then("slice", {"Input": ["x"]}, "h", [1, 1, 6, 3], axes=[1], starts=[0], ends=[1], decrease_axis=[])
    written.then("matmul_v2", {"X": ["s"], "Y": ["h"]}, "y", [1, 4, 6, 6], trans_x=False, trans_y=True)
    folder = saved(written, tmp_path / "program")
    save_file({"x": x}, tmp_path / "x.safetensors")
    rewrites = ["sum-as-additions", "shared-matrix-product", "declare-xshape"]
    options = {"targets": ["x86"], "precision": "fp32"}

    def run(names):
        _, converted = run_worker("lite/convert.py", {"program": folder}, {**options, "rewrites": names})
        inputs = {"model": converted / "model.x86.nb", "tensors": tmp_path / "x.safetensors"}
        _, output = run_worker("lite/run.py", inputs, {"batch": 1})
        (found,) = load_file(output / "outputs.safetensors").values()
        return found

    with pytest.raises(EdgekitError, match="no x86 kernel for sum"):
        run(rewrites[1:])
    with pytest.raises(EdgekitError, match="sum_x == sum_y"):
        run([rewrites[0], rewrites[2]])
    expected = 5 * x @ x[:, :1].swapaxes(-1, -2)
    np.testing.assert_allclose(run(rewrites), expected, rtol=1e-5, atol=1e-5)


def test_an_instance_norm_is_read_with_the_outputs_that_paddle_drops(run_worker, tmp_path):
    x = noise(1, 4, 6, 3)
    written = Written(list(x.shape))
    for name, value in (("scale", 1.5), ("shift", 0.25)):
        attributes = {"shape": [4], "value": value, "dtype": 5, "str_value": str(value), "force_cpu": False}
        written.then("fill_constant", {}, name, [4], **attributes)
    inputs = {"X": ["x"], "Scale": ["scale"], "Bias": ["shift"]}
    written.then("instance_norm", inputs, "y", x.shape, "Y", epsilon=1e-5)
    folder = saved(written, tmp_path / "program")
    save_file({"x": x}, tmp_path / "x.safetensors")
    options = {"targets": ["x86"], "precision": "fp32"}
    with pytest.raises(EdgekitError, match="is_dispensable"):
        run_worker("lite/convert.py", {"program": folder}, {**options, "rewrites": []})
    _, converted = run_worker("lite/convert.py", {"program": folder}, {**options, "rewrites": ["declare-statistics"]})
    inputs = {"model": converted / "model.x86.nb", "tensors": tmp_path / "x.safetensors"}
    _, output = run_worker("lite/run.py", inputs, {"batch": 1})
    (found,) = load_file(output / "outputs.safetensors").values()
    plain = (x - x.mean((2, 3), keepdims=True)) / np.sqrt(x.var((2, 3), keepdims=True) + 1e-5)
    np.testing.assert_allclose(found, 1.5 * plain + 0.25, rtol=1e-5, atol=1e-5)
