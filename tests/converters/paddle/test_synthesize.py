import numpy as np
import pytest
from safetensors.numpy import load_file

pytestmark = pytest.mark.toolchain


def test_the_same_seed_gives_the_same_bytes_and_another_seed_other_weights(synthesize, mixnet_weights):
    assert synthesize("MixNet_S", 64).read_bytes() == mixnet_weights.read_bytes()
    first, second = load_file(mixnet_weights), load_file(synthesize("MixNet_S", 64, seed=1))
    assert first.keys() == second.keys()
    equal = [name for name in first if np.array_equal(first[name], second[name])]
    assert equal == []


def test_weights_are_float32_under_paddleclas_names(mixnet_weights):
    weights = load_file(mixnet_weights)
    assert len(weights) == 347
    assert {value.dtype for value in weights.values()} == {np.dtype("float32")}
    assert weights["output.weight"].shape == (1536, 10)
    assert weights["features.init_block.conv1.bn._variance"].shape == (16,)


def test_statistics_are_calibrated_and_keep_eleven_bits(mixnet_weights):
    statistics = {name: v for name, v in load_file(mixnet_weights).items() if name.endswith(("_mean", "_variance"))}
    variances = np.concatenate([v for name, v in statistics.items() if name.endswith("_variance")])
    assert variances.min() > 0
    assert np.mean(variances == 1) < 0.01  # a variance of exactly 1 is what an uncalibrated norm has
    mantissas, _ = np.frexp(np.concatenate(list(statistics.values())))
    assert np.array_equal(mantissas * 2**11, np.rint(mantissas * 2**11))


@pytest.mark.parametrize(
    ("name", "size"), [("MixNet_S", 64), ("alt_gvt_small", 224), ("DPN68", 64), ("ResNet18_vd", 64)]
)
def test_logits_come_out_near_one_and_differ_between_images(synthesize, export, run_program, noise, name, size):
    _, program = export(name, synthesize(name, size), size)
    _, _, logits = run_program(program, noise(6, size))
    assert 0.3 < logits.std() < 3
    assert logits.std(axis=0).mean() > 0.1
    assert len(set(logits.argmax(axis=1))) > 1
