import numpy as np
import onnx
import pytest
from onnx import helper
from safetensors.numpy import load_file, save_file

from edgekit.errors import ConversionError, UsageError
from tests.converters.ncnn.damage import scale_one_channel
from tests.converters.ncnn.pool_graphs import ALL_POOLS, Pool, checked_model, pool_model, samples
from tests.converters.onnx.agreement import TOLERANCE, relative_error

pytestmark = pytest.mark.toolchain
REWRITES = ["explicit-pool-padding"]


@pytest.fixture(scope="module")
def converted(run_worker, onnx_model):
    return run_worker("ncnn/convert.py", {"onnx": onnx_model}, {"precision": "fp32", "rewrites": REWRITES})


def run(run_worker, converted, tensors, folder=None, **options):
    """In ncnn, with what the conversion recorded."""
    details, output = converted
    folder = folder or output
    recorded = details["io"] | {"output_shapes": {port["name"]: port["shape"] for port in details["outputs"]}}
    inputs = {"param": folder / "model.ncnn.param", "bin": folder / "model.ncnn.bin", "tensors": tensors}
    return run_worker("ncnn/run.py", inputs, recorded | {"threads": 2} | options)


def save(model, x, folder):
    onnx.save(model, folder / "model.onnx")
    save_file({"x": x}, folder / "tensors.safetensors")
    return folder / "model.onnx", folder / "tensors.safetensors"


def test_names_files_and_layers(converted):
    details, output = converted
    assert sorted(path.name for path in output.iterdir()) == ["model.ncnn.bin", "model.ncnn.param"]
    assert details["io"] == {"inputs": {"x": "in0"}, "outputs": {"logits": "out0"}}
    assert details["outputs"] == [{"name": "logits", "shape": [1, 10], "dtype": "float32"}]
    # The classifier, and the two 1x1 convolutions on a pooled vector in each of the 13 squeeze-and-excitations.
    assert details["layers"]["InnerProduct"] == 1 + 2 * 13
    assert details["warnings"] == []


def test_agrees_with_paddle(run_worker, converted, tensors, oracle):
    timing = {"warmup": 1, "repeats": 3, "seconds": 1.0}
    details, output = run(run_worker, converted, tensors, latency=timing)
    assert relative_error(output, oracle) < TOLERANCE
    assert details["samples"] == 3


def test_a_batch_is_run_sample_by_sample(run_worker, converted, tensors):
    single = load_file(run(run_worker, converted, tensors)[1] / "outputs.safetensors")["logits"]
    batch = load_file(run(run_worker, converted, tensors, batch=3)[1] / "outputs.safetensors")["logits"]
    np.testing.assert_array_equal(batch, single)


def test_fp16_halves_the_weights(run_worker, onnx_model, converted):
    _, half = run_worker("ncnn/convert.py", {"onnx": onnx_model}, {"precision": "fp16", "rewrites": REWRITES})
    sizes = [(folder / "model.ncnn.bin").stat().st_size for folder in (half, converted[1])]
    assert 0.49 < sizes[0] / sizes[1] < 0.55


def test_one_channel_off_by_a_hundredth_shows(run_worker, converted, tensors, oracle, free_copy):
    folder = free_copy(converted[1])
    scale_one_channel(folder / "model.ncnn.param", folder / "model.ncnn.bin")
    assert relative_error(run(run_worker, converted, tensors, folder)[1], oracle) > 10 * TOLERANCE


def test_every_rewritten_pool_is_right_in_ncnn(run_worker, tmp_path):
    """Many outputs at once, so their order is checked as well."""
    # ONNX Runtime, asked too, fails where the stride is larger than the window.
    pools = [pool for pool in ALL_POOLS if pool.kernel >= pool.stride]
    for size in (7, 8):
        x = samples(size)
        path, tensors = save(pool_model(pools, size), x, tmp_path)
        converted = run_worker("ncnn/convert.py", {"onnx": path}, {"rewrites": REWRITES})
        assert converted[0]["rewrites"] == [{"name": REWRITES[0], "applied": len(pools), "refused": []}]
        ours = load_file(run(run_worker, converted, tensors)[1] / "outputs.safetensors")
        _, theirs = run_worker("onnx/run.py", {"model": path, "tensors": tensors}, {"threads": 1})
        onnx_runtime = load_file(theirs / "outputs.safetensors")
        for index, pool in enumerate(pools):
            expected = pool.expected(x)
            np.testing.assert_allclose(ours[f"y{index}"], expected, rtol=2e-6, err_msg=str(pool))
            np.testing.assert_allclose(onnx_runtime[f"y{index}"], expected, rtol=2e-6, err_msg=str(pool))


def test_without_the_rewrite_the_numbers_are_wrong(run_worker, tmp_path):
    """A ResNet `_vd` shortcut in small. If this fails, pnnx has been mended and the rewrite may go."""
    pool = helper.make_node("AveragePool", ["x"], ["p"], **Pool(2, 2, "SAME_UPPER", 0, ceil_mode=1).attributes())
    flat = helper.make_node("GlobalAveragePool", ["p"], ["y"])
    model = checked_model([pool, flat], {"x": [1, 4, 8, 8]}, ["y"], {})
    x = samples(8)
    path, tensors = save(model, x, tmp_path)
    expected = x.mean((2, 3), keepdims=True, dtype=np.float64)
    errors = {}
    for names in ([], REWRITES):
        converted = run_worker("ncnn/convert.py", {"onnx": path}, {"rewrites": names})
        result = load_file(run(run_worker, converted, tensors)[1] / "outputs.safetensors")["y"]
        errors[len(names)] = np.abs(result - expected).max() / np.abs(expected).max()
        warned = [line for line in converted[0]["warnings"] if "SAME_UPPER" in line]
        assert bool(warned) == (not names)
    assert errors[0] > 0.1
    assert errors[1] < 1e-6


def test_layers_that_ncnn_lacks_are_named_with_their_place(run_worker, tmp_path):
    """Unequal padding in an average pool: pnnx leaves it under ONNX's name and ends with status 0."""
    pool = helper.make_node("AveragePool", ["x"], ["y"], kernel_shape=[3, 3], pads=[0, 0, 1, 1])
    path, _ = save(checked_model([pool], {"x": [1, 2, 8, 8]}, ["y"], {}), samples(8, 2), tmp_path)
    with pytest.raises(ConversionError, match=r"ncnn does not know: AveragePool \(1x, first: .*in0 -> out0"):
        run_worker("ncnn/convert.py", {"onnx": path}, {"rewrites": REWRITES})


def test_the_runner_says_which_layer_it_lacks(run_worker, converted, tensors, free_copy):
    folder = free_copy(converted[1])
    param = folder / "model.ncnn.param"
    param.write_text(param.read_text().replace("InnerProduct ", "Frobnicate   "))
    with pytest.raises(ConversionError, match="does not know the layers Frobnicate"):
        run(run_worker, converted, tensors, folder)


def test_weights_cut_short_are_refused(run_worker, converted, tensors, free_copy):
    folder = free_copy(converted[1])
    weights = folder / "model.ncnn.bin"
    weights.write_bytes(weights.read_bytes()[:10_000])
    with pytest.raises(UsageError, match="cut short"):
        run(run_worker, converted, tensors, folder)


def test_an_output_of_another_size_is_refused(run_worker, converted, tensors):
    with pytest.raises(ConversionError, match=r"logits as \[10\], which is not \[1, 11\]"):
        run(run_worker, converted, tensors, output_shapes={"logits": [1, 11]})


def test_a_batch_in_the_graph_is_refused(run_worker, tmp_path):
    relu = helper.make_node("Relu", ["x"], ["y"])
    path, _ = save(checked_model([relu], {"x": [2, 3, 8, 8]}, ["y"], {}), samples(8), tmp_path)
    with pytest.raises(UsageError, match="no batch dimension"):
        run_worker("ncnn/convert.py", {"onnx": path}, {})


def test_an_unknown_rewrite_is_refused(run_worker, onnx_model):
    with pytest.raises(UsageError, match="no ncnn rewrite 'magic'; there are: explicit-pool-padding"):
        run_worker("ncnn/convert.py", {"onnx": onnx_model}, {"rewrites": ["magic"]})
