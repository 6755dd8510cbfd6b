"""The demo MixNet through onnx2tf, in LiteRT."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from safetensors.numpy import load_file, save_file

from edgekit.errors import ConversionError, UsageError
from tests.converters.loading import load
from tests.converters.onnx.agreement import TOLERANCE, relative_error
from tests.converters.tflite.damage import scale_one_channel
from tests.converters.tflite.test_flat_products import product

pytestmark = pytest.mark.toolchain
StoredModel = load("tflite", "stored_model").StoredModel


@pytest.fixture(scope="module")
def converted(run_worker, onnx_model):
    return run_worker("tflite/convert.py", {"onnx": onnx_model}, {"precision": "fp32", "rewrites": ["flat-products"]})


def run(run_worker, folder, tensors, **options):
    return run_worker("tflite/run.py", {"model": folder / "model.tflite", "tensors": tensors}, options)


def test_names_shapes_and_the_layout(converted):
    details, output = converted
    assert [path.name for path in output.iterdir()] == ["model.tflite"]
    assert details["io"] == {"inputs": {"x": "x"}, "outputs": {"logits": "logits"}}
    assert details["layouts"] == {"x": "NHWC"}
    assert details["inputs"] == [{"name": "x", "shape": [1, 64, 64, 3], "dtype": "float32"}]
    assert details["outputs"] == [{"name": "logits", "shape": [1, 10], "dtype": "float32"}]
    assert details["rewrites"] == [{"name": "flat-products", "applied": 0, "refused": []}]


@pytest.mark.parametrize("settings", [{}, {"xnnpack": False}])
def test_agrees_with_paddle(run_worker, converted, tensors, oracle, settings):
    timing = {"warmup": 1, "repeats": 3, "seconds": 1.0}
    details, output = run(run_worker, converted[1], tensors, latency=timing, settings=settings)
    assert relative_error(output, oracle) < TOLERANCE
    assert details["latency"]["repeats"] == 3


def test_no_engine_is_allowed_fp16_and_values_lie_where_kernels_want_them(converted):
    content = (converted[1] / "model.tflite").read_bytes()
    assert b"reduced_precision_support" not in content
    tensors = StoredModel.read(converted[1] / "model.tflite").tensors
    weights = [tensor.values.tobytes() for tensor in tensors if tensor.values is not None and tensor.values.size > 500]
    assert len(weights) > 40
    assert {content.find(one) % 16 for one in weights} == {0}


def test_fp16_is_half_as_large_loads_and_is_near(run_worker, converted, tensors, oracle):
    details, half = run_worker("tflite/half.py", {"model.tflite": converted[1] / "model.tflite"}, {})
    assert details["halved"] > 300
    sizes = [(folder / "model.tflite").stat().st_size for folder in (half, converted[1])]
    assert 0.49 < sizes[0] / sizes[1] < 0.6
    for settings in ({}, {"xnnpack": False}):
        # The demo weights were rounded to half precision already; what remains are the normalisations.
        error = relative_error(run(run_worker, half, tensors, precision="fp16", settings=settings)[1], oracle)
        assert 1e-7 < error < 1e-3


def test_one_channel_off_by_a_hundredth_shows(run_worker, converted, tensors, oracle, free_copy):
    folder = free_copy(converted[1])
    assert scale_one_channel(folder / "model.tflite") == "conv2d_0.tmp_0_conv_filter"
    assert relative_error(run(run_worker, folder, tensors)[1], oracle) > 10 * TOLERANCE


def test_names_and_batches_are_exact(run_worker, converted, tensors):
    with pytest.raises(UsageError, match=r"inputs are \['x'\], not \['image'\]"):
        run(run_worker, converted[1], tensors, inputs={"x": "image"})
    with pytest.raises(UsageError, match="batch of 3"):
        run(run_worker, converted[1], tensors, batch=3)


def test_another_size_is_refused(run_worker, converted, tmp_path):
    save_file({"x": np.zeros((1, 3, 32, 64), np.float32)}, tmp_path / "x.safetensors")
    with pytest.raises(UsageError, match=r"takes x as \[1, 64, 64, 3\], and was given \[1, 32, 64, 3\]"):
        run(run_worker, converted[1], tmp_path / "x.safetensors")


def test_a_file_cut_short_is_refused(run_worker, converted, tensors, free_copy, mixnet_program):
    folder = free_copy(converted[1])
    file = folder / "model.tflite"
    file.write_bytes(file.read_bytes()[:100_000])
    with pytest.raises(UsageError, match="is not a TFLite model that can be read"):
        run(run_worker, folder, tensors)
    with pytest.raises(UsageError, match="is not a TFLite model that can be read"):
        run_worker("tflite/parameters.py", {"program": mixnet_program, "model": file}, {})


def six_dimensions(path: Path) -> Path:
    onnx.save(product([1, 2, 3, 2, 3, 4]), path)
    return path


def test_a_product_of_six_dimensions_needs_the_rewrite(run_worker, tmp_path):
    onnx_file, shape = six_dimensions(tmp_path / "model.onnx"), (1, 2, 3, 2, 3, 4)
    save_file({"x": np.ones(shape, np.float32)}, tmp_path / "x.safetensors")
    options = {"settings": {"xnnpack": False}}
    _, plain = run_worker("tflite/convert.py", {"onnx": onnx_file}, {})
    with pytest.raises(UsageError, match=r"LiteRT cannot load model\.tflite: .*<= 5 was not true"):
        run(run_worker, plain, tmp_path / "x.safetensors", **options)
    details, mended = run_worker("tflite/convert.py", {"onnx": onnx_file}, {"rewrites": ["flat-products"]})
    assert details["rewrites"] == [{"name": "flat-products", "applied": 1, "refused": []}]
    _, output = run(run_worker, mended, tmp_path / "x.safetensors", **options)
    weight = onnx.numpy_helper.to_array(onnx.load(onnx_file).graph.initializer[0])
    found = load_file(output / "outputs.safetensors")["y"]
    np.testing.assert_allclose(found, np.ones(shape, np.float32) @ weight, rtol=1e-5)


def test_what_cannot_be_converted_is_said(run_worker, onnx_model, tmp_path):
    proto = onnx.load(onnx_model)
    proto.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "N"
    onnx.save(proto, tmp_path / "open.onnx")
    with pytest.raises(UsageError, match="the input x are not fixed"):
        run_worker("tflite/convert.py", {"onnx": tmp_path / "open.onnx"}, {})
    port = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3]) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Frobnicate", ["x"], ["y"])], "g", port[:1], port[1:])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)]), tmp_path / "other.onnx")
    with pytest.raises(ConversionError, match=r"onnx2tf .*Frobnicate"):
        run_worker("tflite/convert.py", {"onnx": tmp_path / "other.onnx"}, {})
    for options, said in (({"rewrites": ["magic"]}, "magic"), ({"precision": "int4"}, "int4")):
        with pytest.raises(UsageError, match=said):
            run_worker("tflite/convert.py", {"onnx": onnx_model}, options)


def one_sample(tensors: Path, folder: Path) -> Path:
    save_file({"x": load_file(tensors)["x"][:1]}, folder / "one.safetensors")
    return folder / "one.safetensors"


def test_inner_tensors_come_with_the_channels_first(run_worker, onnx_model, converted, tensors, tmp_path):
    sample = one_sample(tensors, tmp_path)
    file = converted[1] / "model.tflite"
    details, _ = run_worker("tflite/tensors.py", {"model": file}, {})
    layers = details["graph"]["layers"]
    assert (details["graph"]["inputs"], details["graph"]["outputs"]) == (["x"], ["logits"])
    assert all(layer["parameters"] for layer in layers if layer["type"] == "CONV_2D")
    known, _ = run_worker("onnx/tensors.py", {"model": onnx_model}, {})
    shared = {name for layer in known["graph"]["layers"] for name in layer["outputs"]}
    names = [name for layer in layers for name in layer["outputs"] if name in shared]
    answers = [
        run_worker(f"{target}/tensors.py", {"model": path, "tensors": sample}, {"names": names})
        for target, path in (("tflite", file), ("onnx", onnx_model))
    ]
    ours, theirs = (load_file(output / "tensors.safetensors") for _, output in answers)
    images = [name for name in names if theirs[name].ndim == 4 and min(theirs[name].shape[1:]) > 1]
    assert len(images) > 20
    for name in names:
        assert ours[name].shape == theirs[name].shape, name
        # ONNX Runtime's sigmoid is off by up to 2e-7 near zero (docs/parity.md).
        allowed = max(1e-3 * float(np.abs(theirs[name]).max()), 1e-6)
        np.testing.assert_allclose(ours[name], theirs[name], rtol=0, atol=allowed, err_msg=name)


def test_a_layer_is_cut_out_with_what_it_stores(run_worker, converted, tensors, tmp_path):
    sample, file = one_sample(tensors, tmp_path), converted[1] / "model.tflite"
    graph = run_worker("tflite/tensors.py", {"model": file}, {})[0]["graph"]
    layer = next(layer for layer in graph["layers"] if layer["type"] == "DEPTHWISE_CONV_2D")
    (given,), (made,) = layer["inputs"], layer["outputs"]
    _, output = run_worker("tflite/tensors.py", {"model": file, "tensors": sample}, {"names": [given, made]})
    values = load_file(output / "tensors.safetensors")
    options = {"inputs": {given: list(values[given].shape)}, "outputs": [made]}
    details, small = run_worker("tflite/cut.py", {"model": file}, options)
    assert details == {"layers": 1}
    assert (small / "model.tflite").stat().st_size < 0.02 * file.stat().st_size
    save_file({given: values[given]}, tmp_path / "given.safetensors")
    _, found = run(run_worker, small, tmp_path / "given.safetensors", settings={"xnnpack": False})
    np.testing.assert_array_equal(load_file(found / "outputs.safetensors")[made].transpose(0, 3, 1, 2), values[made])
    with pytest.raises(UsageError, match=f"{made} cannot be computed without"):
        run_worker("tflite/cut.py", {"model": file}, {"inputs": {}, "outputs": [made]})
