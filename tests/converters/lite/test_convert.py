import numpy as np
import pytest
from edgeworker.paddle_program import ops, read_program, write_program
from safetensors.numpy import load_file, save_file

from edgekit.errors import ConversionError, UsageError
from tests.converters.lite import tiny_program
from tests.converters.lite.nb_patch import scale_channel

pytestmark = pytest.mark.toolchain
REWRITES = ["swish-beta", "declare-xshape"]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return tiny_program.save(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def mixnet(run_worker, mixnet_program):
    """The demo MixNet converted for both targets."""
    options = {"targets": ["arm", "x86"], "precision": "fp32", "rewrites": REWRITES}
    return run_worker("lite/convert.py", {"program": mixnet_program}, options)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    path = tmp_path_factory.mktemp("pictures") / "tensors.safetensors"
    values = np.random.default_rng(3).standard_normal((3, 3, 64, 64)).astype(np.float32)
    save_file({"x": values}, path)
    return path


def run(run_worker, model, tensors, **options):
    details, output = run_worker("lite/run.py", {"model": model, "tensors": tensors}, options)
    return details, load_file(output / "outputs.safetensors")


def test_the_tiny_program_becomes_the_files_kept_here(run_worker, tiny, tiny_files):
    """Also: the same bytes in every run, and alone as together with the other target."""
    options = {"precision": "fp32", "rewrites": REWRITES}
    details, together = run_worker("lite/convert.py", {"program": tiny}, options)
    assert details["io"] == {"inputs": {"x": "x"}, "outputs": {"logits": "logits"}}
    assert details["rewrites"] == [{"name": name, "applied": 1, "refused": []} for name in REWRITES]
    assert sorted(path.name for path in together.iterdir()) == ["model.arm.nb", "model.x86.nb"]
    for target, expected in tiny_files.items():
        _, alone = run_worker("lite/convert.py", {"program": tiny}, {**options, "targets": [target]})
        assert [path.name for path in alone.iterdir()] == [f"model.{target}.nb"]
        assert (together / f"model.{target}.nb").read_bytes() == expected.read_bytes()
        assert (alone / f"model.{target}.nb").read_bytes() == expected.read_bytes()
    assert details["nb"]["model.arm.nb"]["operators"] == ["feed", "conv2d", "swish", "pool2d", "fc", "fetch"]
    assert details["nb"]["model.arm.nb"]["parameters"] == 4


def test_the_tiny_model_computes_what_the_formula_says(run_worker, tiny_files, tmp_path):
    x = np.random.default_rng(1).standard_normal((6, 3, 8, 8)).astype(np.float32)
    save_file({"x": x}, tmp_path / "tensors.safetensors")
    _, outputs = run(run_worker, tiny_files["x86"], tmp_path / "tensors.safetensors", batch=1)
    assert list(outputs) == ["logits"]
    assert outputs["logits"].dtype == np.float32
    np.testing.assert_allclose(outputs["logits"], tiny_program.logits(x), rtol=0, atol=2e-6)


@pytest.mark.parametrize("target", ["arm", "x86"])
def test_without_swish_beta_opt_ends_its_process(run_worker, tiny, target):
    options = {"targets": [target], "rewrites": ["declare-xshape"]}
    with pytest.raises(ConversionError, match="No attributes called beta found for swish"):
        run_worker("lite/convert.py", {"program": tiny}, options)


def test_without_declare_xshape_opt_crashes_for_x86(run_worker, tiny):
    with pytest.raises(ConversionError, match="SIGSEGV"):
        run_worker("lite/convert.py", {"program": tiny}, {"targets": ["x86"], "rewrites": ["swish-beta"]})


def test_without_declare_xshape_opt_crashes_for_arm_where_the_flatten_is_not_fused(run_worker, tmp_path):
    """On ARM `fc` swallows the flatten in front of it; one anywhere else is looked at."""
    program = tiny_program.build()
    (matmul,) = ops(program, {"matmul_v2"})
    del program.blocks[0].ops[matmul.index : matmul.index + 2]
    (fetch,) = ops(program, {"fetch"})
    fetch.desc.inputs[0].arguments[0] = "flat"
    folder = tiny_program.save(tmp_path / "program", program)
    with pytest.raises(ConversionError, match="SIGSEGV"):
        run_worker("lite/convert.py", {"program": folder}, {"targets": ["arm"], "rewrites": ["swish-beta"]})
    details, _ = run_worker("lite/convert.py", {"program": folder}, {"targets": ["arm"], "rewrites": REWRITES})
    assert "flatten_contiguous_range" in details["nb"]["model.arm.nb"]["operators"]


def test_an_operator_that_paddle_lite_lacks_is_named(run_worker, tiny, tmp_path):
    program = read_program(tiny / "inference.pdmodel")
    next(ops(program, {"swish"})).desc.type = "warp_drive"
    folder = tiny_program.save(tmp_path / "program", program)
    with pytest.raises(ConversionError) as caught:
        run_worker("lite/convert.py", {"program": folder}, {"targets": ["x86"], "rewrites": REWRITES})
    assert caught.value.message == (
        "Paddle Lite has no x86 kernel for warp_drive; the first is warp_drive (block 0, op 3 -> swished)"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"targets": ["riscv"]}, "asked for riscv"),
        ({"targets": []}, "asked for none"),
        ({"precision": "int4"}, "not in int4"),
        ({"rewrites": ["declare-everything"]}, "'declare-everything'"),
    ],
)
def test_impossible_wishes_are_refused(run_worker, tiny, options, message):
    with pytest.raises(UsageError, match=message):
        run_worker("lite/convert.py", {"program": tiny}, options)


def test_a_program_cut_short_is_refused(run_worker, tiny, tmp_path):
    folder = tiny_program.save(tmp_path / "program")
    (folder / "inference.pdmodel").write_bytes((tiny / "inference.pdmodel").read_bytes()[:500])
    with pytest.raises(UsageError, match="is cut short"):
        run_worker("lite/convert.py", {"program": folder}, {"rewrites": REWRITES})
    write_program(tiny_program.build(), folder / "inference.pdmodel")
    (folder / "inference.pdiparams").unlink()
    with pytest.raises(UsageError, match=r"no inference\.pdiparams"):
        run_worker("lite/convert.py", {"program": folder}, {"rewrites": REWRITES})


def test_weights_cut_short_end_opt_with_a_telling_line(run_worker, tmp_path):
    folder = tiny_program.save(tmp_path / "program")
    weights = folder / "inference.pdiparams"
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(ConversionError, match="Failed to read 80 bytes"):
        run_worker("lite/convert.py", {"program": folder}, {"rewrites": REWRITES})


def test_fp16_makes_half_precision_kernels_and_keeps_the_weights(run_worker, tiny, tiny_files, nb_format):
    options = {"targets": ["arm"], "precision": "fp16", "rewrites": REWRITES}
    details, output = run_worker("lite/convert.py", {"program": tiny}, options)
    model = nb_format.read_nb(output / "model.arm.nb")
    kernels = {op.type: op.kernel.precision for op in model.operators}
    assert kernels["conv2d"] == kernels["fc"] == "float16"
    assert model.fetches() == ["logits/precision_trans"]
    assert details["io"]["outputs"] == {"logits": "logits"}
    inputs = {"arm": output / "model.arm.nb", "x86": tiny_files["x86"]}
    compared, _ = run_worker("lite/compare.py", inputs, {})
    assert compared["differences"] == []


def test_mixnet_computes_what_paddle_computes(run_worker, mixnet_program, mixnet, pictures):
    _, files = mixnet
    _, reference = run_worker(
        "paddle/run.py",
        {"program": mixnet_program, "tensors": pictures},
        {"batch": 1, "threads": 2, "latency": None},
    )
    expected = load_file(reference / "reference.safetensors")
    details, outputs = run(
        run_worker,
        files / "model.x86.nb",
        pictures,
        batch=1,
        threads=2,
        latency={"warmup": 1, "repeats": 5, "seconds": 2},
    )
    assert outputs.keys() == expected.keys()
    for name, value in expected.items():
        assert outputs[name].shape == value.shape == (3, 10)
        assert np.abs(outputs[name] - value).max() < 1e-5 * np.abs(value).max()
    assert details["samples"] == 3
    assert details["threads"] == 2
    assert details["latency"]["p50_ms"] > 0


def test_one_channel_scaled_by_a_hundredth_shows_in_the_outputs(run_worker, mixnet, pictures, nb_format, tmp_path):
    source = mixnet[1] / "model.x86.nb"
    model = nb_format.read_nb(source)
    first = next(op for op in model.operators if op.type == "conv2d").inputs["Filter"][0]
    weight = model.parameters[first]
    damaged = tmp_path / "damaged.nb"
    scale_channel(source, damaged, weight.offset, weight.values, channel=0, factor=1.01)
    _, before = run(run_worker, source, pictures, batch=1)
    _, after = run(run_worker, damaged, pictures, batch=1)
    (name,) = before
    error = np.abs(after[name] - before[name]).max() / np.abs(before[name]).max()
    assert error > 1e-4  # a hundred times what two correct engines differ by


def test_the_arm_file_of_mixnet_is_the_x86_files_twin(run_worker, mixnet):
    _, files = mixnet
    details, _ = run_worker("lite/compare.py", {"arm": files / "model.arm.nb", "x86": files / "model.x86.nb"}, {})
    assert details["differences"] == []
    assert details["agrees"] is True
    assert details["arm"]["parameters"] == details["x86"]["parameters"] > 300
    assert details["arm"]["bytes"] == details["x86"]["bytes"]
    assert "fc" in details["arm"]["ops"]
    assert "fc" not in details["x86"]["ops"]


def test_a_corrupted_arm_weight_is_noticed(run_worker, mixnet, nb_format, tmp_path):
    _, files = mixnet
    model = nb_format.read_nb(files / "model.arm.nb")
    name = next(op for op in model.operators if op.type == "depthwise_conv2d").inputs["Filter"][0]
    weight = model.parameters[name]
    damaged = tmp_path / "damaged.arm.nb"
    scale_channel(files / "model.arm.nb", damaged, weight.offset, weight.values, channel=1, factor=1.01)
    details, _ = run_worker("lite/compare.py", {"arm": damaged, "x86": files / "model.x86.nb"}, {})
    assert details["agrees"] is False
    (difference,) = details["differences"]
    assert difference.startswith(f"parameter {name} differs in ")
    assert details["summary"] == difference
