import xml.etree.ElementTree as ElementTree

import pytest
from edgeworker.paddle_program import ops, read_program, write_program

from edgekit.errors import ConversionError, UsageError
from tests.converters.onnx.agreement import TOLERANCE, relative_error
from tests.converters.openvino.damage import scale_one_channel

pytestmark = pytest.mark.toolchain


@pytest.fixture(scope="module")
def converted(run_worker, mixnet_program):
    return run_worker("openvino/convert.py", {"program": mixnet_program}, {"precision": "fp32", "rewrites": []})


def run(run_worker, folder, tensors, **options):
    inputs = {"model": folder / "model.xml", "weights": folder / "model.bin", "tensors": tensors}
    return run_worker("openvino/run.py", inputs, {"threads": 2, **options})


def constant_types(xml):
    layers = ElementTree.parse(xml).getroot().iter("layer")
    return {layer[0].get("element_type") for layer in layers if layer.get("type") == "Const"}


def test_names_and_shapes(converted):
    details, output = converted
    assert sorted(path.name for path in output.iterdir()) == ["model.bin", "model.xml"]
    assert details["io"] == {"inputs": {"x": "x"}, "outputs": {"logits": "logits"}}
    assert details["inputs"] == [{"name": "x", "shape": [1, 3, 64, 64], "dtype": "float32"}]
    assert details["outputs"] == [{"name": "logits", "shape": [1, 10], "dtype": "float32"}]


def test_agrees_with_paddle(run_worker, converted, tensors, oracle):
    timing = {"warmup": 1, "repeats": 3, "seconds": 1.0}
    details, output = run(run_worker, converted[1], tensors, latency=timing)
    assert relative_error(output, oracle) < TOLERANCE
    assert details["latency"]["repeats"] == 3


def test_fp32_is_not_compressed_and_fp16_is(run_worker, converted, mixnet_program, tensors, oracle):
    assert "f16" not in constant_types(converted[1] / "model.xml")
    _, half = run_worker("openvino/convert.py", {"program": mixnet_program}, {"precision": "fp16"})
    assert "f16" in constant_types(half / "model.xml")
    sizes = [(folder / "model.bin").stat().st_size for folder in (half, converted[1])]
    assert 0.49 < sizes[0] / sizes[1] < 0.51
    # The demo weights were rounded to half precision already; what remains are the normalisations.
    assert relative_error(run(run_worker, half, tensors, precision="fp16")[1], oracle) < 1e-3


def test_one_channel_off_by_a_hundredth_shows(run_worker, converted, tensors, oracle, free_copy):
    folder = free_copy(converted[1])
    scale_one_channel(folder / "model.xml", folder / "model.bin")
    assert relative_error(run(run_worker, folder, tensors)[1], oracle) > 10 * TOLERANCE


def test_names_are_mapped_exactly(run_worker, converted, tensors):
    with pytest.raises(UsageError, match=r"inputs are \['x'\], not \['image'\]"):
        run(run_worker, converted[1], tensors, inputs={"x": "image"})


def test_another_batch_is_refused(run_worker, converted, tensors):
    with pytest.raises(UsageError, match="batch of 3"):
        run(run_worker, converted[1], tensors, batch=3)


def test_an_unsupported_operator_is_named(run_worker, mixnet_program, free_copy):
    folder = free_copy(mixnet_program)
    program = read_program(folder / "inference.pdmodel")
    next(ops(program, {"relu"})).desc.type = "frobnicate"
    write_program(program, folder / "inference.pdmodel")
    with pytest.raises(ConversionError, match="front end cannot convert the operator frobnicate"):
        run_worker("openvino/convert.py", {"program": folder}, {})


def test_weights_cut_short_are_refused(run_worker, mixnet_program, free_copy):
    folder = free_copy(mixnet_program)
    weights = folder / "inference.pdiparams"
    weights.write_bytes(weights.read_bytes()[:100_000])
    with pytest.raises(UsageError, match="wasn't successfully read"):
        run_worker("openvino/convert.py", {"program": folder}, {})


def test_an_unknown_rewrite_or_precision_is_refused(run_worker, mixnet_program):
    for options, said in (({"rewrites": ["magic"]}, "magic"), ({"precision": "int4"}, "int4")):
        with pytest.raises(UsageError, match=said):
            run_worker("openvino/convert.py", {"program": mixnet_program}, options)
