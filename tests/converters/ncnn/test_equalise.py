"""Channels made alike before INT8: between which layers, exactly, to what gain, and damage to such a file is found."""

from pathlib import Path

import numpy as np
import pytest
from edgeworker.ledger.account import Account, Explanations
from edgeworker.protocol import Request
from safetensors.numpy import load_file, save_file

from edgekit.errors import UsageError
from tests.converters.lib.ledger.programs import new_program
from tests.converters.loading import load, load_own

equalise, int8_file, param_file, weights_file = (
    load("ncnn", name) for name in ("equalise", "int8_file", "param_file", "weights_file")
)
parameters = load_own("ncnn", "parameters")

PARAM = """7767517
8 8
Input in0 0 1 in0
Convolution first 1 1 in0 1 0=16 1=3 4=1 5=1 6=432 9=1
Pooling halves 1 1 1 2 0=0 1=2 2=2
ConvolutionDepthWise deep 1 1 2 3 0=16 1=3 4=1 5=1 6=144 7=16 9=2 -23310=1,1.000000e-01
ReLU again 1 1 3 4
Convolution second 1 1 4 5 0=8 1=1 5=1 6=128
Pooling mean 1 1 5 6 0=1 4=1
InnerProduct fc 1 1 6 out0 0=10 1=1 2=80
"""
SHAPES = {"first": (16, 27), "deep": (16, 9), "second": (8, 16), "fc": (10, 8)}
PAIRS = [("first", "deep"), ("deep", "second"), ("second", "fc")]


@pytest.fixture
def network(tmp_path: Path) -> tuple[Path, Path]:
    """Random weights; channels between layers of which one is up to 1,000 times as large as another."""
    random = np.random.default_rng(5)
    weights = {name: random.normal(0, 1 / np.sqrt(shape[1]), shape) for name, shape in SHAPES.items()}
    biases = {name: random.normal(0, 0.1, shape[0]) for name, shape in SHAPES.items()}
    for name, after in PAIRS[:2]:
        hidden = np.exp2(random.uniform(-5, 5, 16))
        weights[name] *= hidden[:, None]
        biases[name] *= hidden
        weights[after] /= hidden[:, None] if after == "deep" else hidden
    stored = [
        bytes(4) + weights[name].astype("<f4").tobytes() + biases[name].astype("<f4").tobytes() for name in SHAPES
    ]
    (tmp_path / "model.ncnn.param").write_text(PARAM)
    (tmp_path / "model.ncnn.bin").write_bytes(b"".join(stored))
    return tmp_path / "model.ncnn.param", tmp_path / "model.ncnn.bin"


def pairs_of(text: str, folder: Path) -> list[tuple[str, str]]:
    (folder / "other.param").write_text(text)
    found = equalise.pairs(param_file.ParamFile.read(folder / "other.param"))
    return [(pair.first.name, pair.second.name) for pair in found]


def test_factors_go_between_layers_with_nothing_but_rectifiers_and_pools_between(tmp_path: Path) -> None:
    assert pairs_of(PARAM, tmp_path) == PAIRS


@pytest.mark.parametrize(
    ("before", "after", "left"),
    [
        ("6=432 9=1", "6=432 9=4", PAIRS[1:]),  # a sigmoid of a multiple is no multiple
        ("6=432 9=1", "6=432 9=3 -23310=2,0,6", PAIRS[1:]),  # nor what is cut off at 6
        ("ReLU again", "Sigmoid again", [PAIRS[0], PAIRS[2]]),
        ("4=1 5=1 6=144", "4=1 18=1.0 5=1 6=144", [PAIRS[2]]),  # pads with ones
        ("6=144 7=16", "6=1152 7=2", PAIRS[1:]),  # groups of eight channels read in another way
        ("1 1 4 5", "1 1 2 5", [PAIRS[2]]),  # another reader
        ("2=80", "2=160", PAIRS[:2]),  # a pool of more than one value, flat
    ],
)
def test_it_stays_away_from_what_would_change(
    before: str, after: str, left: list[tuple[str, str]], tmp_path: Path
) -> None:
    assert before in PARAM
    assert pairs_of(PARAM.replace(before, after), tmp_path) == left


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("0=16 1=3 4=1 5=1 6=432", "1=3 4=1 5=1 6=432"),  # no outputs
        ("0=8 1=1 5=1 6=128", "0=8 1=0 5=1 6=128"),
        ("0=8 1=1 5=1 6=128", "0=8 1=1 5=1 6=127"),
        ("0=8 1=1 5=1 6=128", "0=x 1=1 5=1 6=128"),
        ("0=8 1=1 5=1 6=128", "0=8 18=nan 1=1 5=1 6=128"),
        ("ReLU again 1 1 3 4", "ReLU again 1 1 4 4"),  # reads what it makes
        ("ReLU again 1 1 3 4", "ReLU again 1 0 3"),
    ],
)
def test_a_damaged_network_has_fewer_pairs(before: str, after: str, tmp_path: Path) -> None:
    assert before in PARAM
    assert len(pairs_of(PARAM.replace(before, after), tmp_path)) < 3


def test_factors_are_powers_of_two_of_channels_that_differ(network: tuple[Path, Path]) -> None:
    first = next(equalise.pairs(param_file.ParamFile.read(network[0])))
    largest = np.exp2(np.array([-4.0, 4, 0, 16, *[-1.0] * 12]))
    largest[5] = 0  # a channel without values
    factors = equalise.factors_of(first, np.ones(144, np.float32), largest)
    assert factors.dtype == np.float32
    assert (np.log2(factors) == np.rint(np.log2(factors))).all()
    assert factors[1] / factors[0] == 2**8
    assert (factors[5], factors.max()) == (1, 2**equalise.LARGEST_EXPONENT)
    alike = equalise.factors_of(first, np.ones(144, np.float32), np.full(16, 7.0))
    np.testing.assert_array_equal(alike, np.ones(16, np.float32))
    np.testing.assert_array_equal(equalise.factors_of(first, np.ones(144, np.float32), np.zeros(16)), np.ones(16))


def in_int8(network: tuple[Path, Path], folder: Path) -> tuple[Path, Path, dict[str, np.ndarray]]:
    """Files in INT8 of the network whose channels were divided, and their record."""
    random = np.random.default_rng(9)
    factors = {name: np.exp2(random.integers(-3, 4, SHAPES[name][0])).astype(np.float32) for name, _ in PAIRS}
    equalise.write_equalised(*network, factors, folder / "alike.bin")
    files = folder / "q.param", folder / "q.bin"
    scales = dict.fromkeys(("first", "deep", "second"), 20.0)  # fc stays in FP32
    record = int8_file.write_int8(network[0], folder / "alike.bin", scales, files)
    record |= {f"{name}.{equalise.FACTORS}": factor for name, factor in factors.items()}
    save_file(record, folder / "quantisation.safetensors")
    return *files, record


def account_of(network: tuple[Path, Path], folder: Path) -> Account:
    """Of the INT8 files in `folder`, as of a program whose parameters are the FP32 network's."""
    stored = weights_file.WeightsFile.read(param_file.ParamFile.read(network[0]), network[1]).tensors
    known = {
        f"{layer}.{one.name}": one.values.reshape(SHAPES[layer]) if one.name == "weight" else one.values
        for layer, tensors in stored.items()
        for one in tensors
    }
    record = load_file(folder / "quantisation.safetensors")
    request = Request({"param": folder / "q.param", "bin": folder / "q.bin", "chosen": folder}, folder, {})
    return Explanations(new_program(), known, added=[0.1], chosen=record).account(parameters.stored(request))


def test_the_ledger_finds_the_programs_weights_behind_the_factors(network: tuple[Path, Path], tmp_path: Path) -> None:
    in_int8(network, tmp_path)
    found = account_of(network, tmp_path)
    assert (found.unexplained, found.unused) == ([], [])
    assert sum(count for how, count in found.explained.items() if how.endswith("in 8 bits")) == 3


@pytest.mark.parametrize("seed", range(20))
def test_a_wrong_factor_or_a_changed_weight_is_found(seed: int, network: tuple[Path, Path], tmp_path: Path) -> None:
    param, binary, record = in_int8(network, tmp_path)
    random = np.random.default_rng(seed)
    layer = str(random.choice([name for name, _ in PAIRS]))
    if seed % 2:
        # As though one of a pair's layers had been left out: a channel that is twice as large.
        record[f"{layer}.{equalise.FACTORS}"][random.integers(8)] *= 2
        save_file(record, tmp_path / "quantisation.safetensors")
    else:
        stored = weights_file.WeightsFile.read(param_file.ParamFile.read(param), binary).tensors[layer]
        bias = next(one for one in stored if one.name == "bias")
        content = bytearray(binary.read_bytes())
        values = bias.values.copy()
        values[random.integers(8)] *= 2
        content[bias.start : bias.stop] = values.tobytes()
        binary.write_bytes(bytes(content))
    found = account_of(network, tmp_path)
    assert layer in {one.name.split(".")[0] for one in found.unexplained}


@pytest.fixture
def calibration(tmp_path: Path) -> Path:
    photos = np.random.default_rng(2).normal(0, 1, (30, 3, 16, 16)).astype(np.float32)
    save_file({"x": photos}, tmp_path / "calibration.safetensors")
    return tmp_path / "calibration.safetensors"


@pytest.mark.toolchain
def test_channels_that_differ_are_made_alike_where_that_is_nearer(
    run_worker, network: tuple[Path, Path], calibration: Path
) -> None:
    inputs = {one.name: one for one in network} | {"calibration": calibration}
    details, output = run_worker("ncnn/quantize.py", inputs, {"method": "minmax"})
    assert not details["errors"]  # nothing is held out for one method
    assert details["build"]["calibration_method"] == "minmax"
    details, output = run_worker("ncnn/quantize.py", inputs, {"equalise": "auto"})
    method = details["build"]["calibration_method"]
    assert method.endswith(", equalised")
    errors = details["errors"]
    assert errors[method] < 0.3 * min(error for name, error in errors.items() if name != method)
    assert sorted(one.name for one in output.iterdir() if one.suffix != ".json") == [
        "model.ncnn.bin", "model.ncnn.param", "quantisation.safetensors",
    ]  # fmt: skip
    small = {f"quantised/{name}": output / name for name in ("quantisation.safetensors",)}
    ranked, _ = run_worker("ncnn/rank.py", {**inputs, **small}, {"photos": 4})
    # As the files that were written, and not as those whose channels differ.
    assert 10 ** (-ranked["all_db"] / 20) < 2 * errors[method]
    plain, _ = run_worker("ncnn/quantize.py", inputs, {"equalise": False})
    assert not plain["build"]["calibration_method"].endswith(", equalised")
    with pytest.raises(UsageError, match="equalise is auto, true or false, not yes"):
        run_worker("ncnn/quantize.py", inputs, {"equalise": "yes"})


@pytest.mark.toolchain
def test_the_network_in_fp32_has_the_same_bits(
    run_worker, network: tuple[Path, Path], calibration: Path, tmp_path: Path
) -> None:
    random = np.random.default_rng(9)
    factors = {name: np.exp2(random.integers(-6, 7, SHAPES[name][0])).astype(np.float32) for name, _ in PAIRS}
    equalise.write_equalised(*network, factors, tmp_path / "alike.bin")
    assert (tmp_path / "alike.bin").read_bytes() != network[1].read_bytes()
    results = []
    for binary in (network[1], tmp_path / "alike.bin"):
        options = {"inputs": {"x": "in0"}, "outputs": {"y": "out0"}, "output_shapes": {"y": [1, 10]}, "threads": 1}
        _, output = run_worker("ncnn/run.py", {"param": network[0], "bin": binary, "tensors": calibration}, options)
        results.append(load_file(output / "outputs.safetensors")["y"])
    assert results[0].std() > 0.1
    np.testing.assert_array_equal(*results)
