import onnx
import pytest
from edgeworker.paddle_program import ops, read_program, write_program

from edgekit.errors import ConversionError, UsageError
from tests.converters.onnx.agreement import TOLERANCE, relative_error
from tests.converters.onnx.damage import scale_one_channel

pytestmark = pytest.mark.toolchain


@pytest.fixture(scope="module")
def converted(run_worker, mixnet_program):
    return run_worker("onnx/convert.py", {"program": mixnet_program}, {"batch": 1, "opset": 13})


def run(run_worker, model, tensors, **options):
    return run_worker("onnx/run.py", {"model": model, "tensors": tensors}, {"threads": 2, **options})


def test_names_shapes_and_opset(converted):
    details, output = converted
    assert [path.name for path in output.iterdir()] == ["model.onnx"]
    assert details["inputs"] == [{"name": "x", "shape": [1, 3, 64, 64], "dtype": "float32"}]
    assert details["outputs"] == [{"name": "logits", "shape": [1, 10], "dtype": "float32"}]
    assert details["io"] == {"inputs": {"x": "x"}, "outputs": {"logits": "logits"}}
    model = onnx.load(output / "model.onnx")
    assert details["opset"] == model.opset_import[0].version == 13


def test_every_normalisation_behind_a_convolution_is_folded(converted):
    """MixNet_S has 49; 34 of them stand behind the Concat of a mixed convolution and must stay."""
    operators = converted[0]["operators"]
    assert operators["BatchNormalization"] == 34
    assert operators["Conv"] == 123
    assert "Constant" not in operators
    assert "Shape" not in operators


def test_unsimplified_keeps_them(run_worker, mixnet_program, tensors, oracle):
    details, output = run_worker("onnx/convert.py", {"program": mixnet_program}, {"simplify": False})
    assert details["operators"]["BatchNormalization"] == 49
    assert "onnxslim" not in details["seconds"]
    assert relative_error(run(run_worker, output / "model.onnx", tensors)[1], oracle) < TOLERANCE


def test_agrees_with_paddle(run_worker, converted, tensors, oracle):
    timing = {"warmup": 1, "repeats": 3, "seconds": 1.0}
    details, output = run(run_worker, converted[1] / "model.onnx", tensors, latency=timing)
    assert relative_error(output, oracle) < TOLERANCE
    assert details["samples"] == 3
    assert 0 < details["latency"]["p50_ms"] <= details["latency"]["p95_ms"]


def test_one_channel_off_by_a_hundredth_shows(run_worker, converted, tensors, oracle, free_copy):
    model = free_copy(converted[1]) / "model.onnx"
    scale_one_channel(model)
    assert relative_error(run(run_worker, model, tensors)[1], oracle) > 10 * TOLERANCE


def test_names_are_mapped_exactly(run_worker, converted, tensors):
    with pytest.raises(UsageError, match=r"outputs are \['logits'\], not \['probabilities'\]"):
        run(run_worker, converted[1] / "model.onnx", tensors, outputs={"logits": "probabilities"})


def test_another_batch_is_refused(run_worker, converted, tensors):
    with pytest.raises(UsageError, match="batch of 3"):
        run(run_worker, converted[1] / "model.onnx", tensors, batch=3)


def test_unsupported_operators_are_named_with_their_place(run_worker, mixnet_program, free_copy):
    folder = free_copy(mixnet_program)
    program = read_program(folder / "inference.pdmodel")
    first, second = list(ops(program, {"relu"}))[:2]
    first.desc.type, second.desc.type = "frobnicate", "wobble"
    write_program(program, folder / "inference.pdmodel")
    with pytest.raises(ConversionError) as error:
        run_worker("onnx/convert.py", {"program": folder}, {})
    for part in ("paddle2onnx cannot convert to ONNX", first.place, second.place):
        assert part in error.value.message


def test_weights_cut_short_are_refused(run_worker, mixnet_program, free_copy):
    folder = free_copy(mixnet_program)
    weights = folder / "inference.pdiparams"
    weights.write_bytes(weights.read_bytes()[:100_000])
    with pytest.raises(UsageError, match="cannot read the weights"):
        run_worker("onnx/convert.py", {"program": folder}, {})


def test_no_program_is_refused(run_worker, mixnet_program, free_copy):
    folder = free_copy(mixnet_program)
    (folder / "inference.pdmodel").write_text("hello")
    with pytest.raises(UsageError, match="not a Paddle program"):
        run_worker("onnx/convert.py", {"program": folder}, {})
