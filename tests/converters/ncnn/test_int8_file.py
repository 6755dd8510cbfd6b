"""An int8 network as ncnn reads it: what is written, what stays in FP32, and that damage to it is found."""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from edgeworker.ledger.account import Account, Explanations
from edgeworker.protocol import Request

from tests.converters.lib.ledger.programs import folded, small_program
from tests.converters.loading import load, load_own

int8_file, int8_ranges, parameters = (
    load("ncnn", "int8_file"),
    load("ncnn", "int8_ranges"),
    load_own("ncnn", "parameters"),
)
param_file, weights_file = load("ncnn", "param_file"), load("ncnn", "weights_file")

PARAM = """7767517
6 6
Input in0 0 1 in0
Convolution conv 1 1 in0 1 0=6 1=3 2=1 3=1 4=1 5=1 6=162 9=1
ConvolutionDepthWise grouped 1 1 1 2 0=6 1=1 5=0 6=18 7=2
ConvolutionDepthWise depthwise 1 1 2 3 0=6 1=3 5=0 6=54 7=6
InnerProduct fc 1 1 3 4 0=12 1=0 2=72
Gemm tokens 1 1 4 out0 10=4 2=0 3=1 4=0 5=1 6=1 7=3 8=5 9=40
"""
SCALES = {"conv": 31.5, "depthwise": 12.25, "fc": 4.0, "tokens": None}
"""The product of tokens finds its input's factors itself; its 40 values a row are a block of 32 and one of 8."""


def float_network(folder: Path) -> tuple[Path, Path, dict[str, np.ndarray]]:
    """The small program's weights beside those of two convolutions in groups, as pnnx writes them."""
    random = np.random.default_rng(3)
    weight, bias = folded(small_program()[1])
    tensors = {
        "conv": weight,
        "grouped": random.normal(0, 1, (6, 3)).astype(np.float32),
        "depthwise": random.normal(0, 1, (6, 9)).astype(np.float32),
        "fc": np.ascontiguousarray(small_program()[1]["fc.w"].T),
        "tokens": random.normal(0, 1, (5, 40)).astype(np.float32),
        "summand": random.normal(0, 1, 5).astype(np.float32),
    }
    tensors["tokens"][:, 32:] /= 100  # what a block has to itself, since its steps are as small
    content = b""
    for name, values in tensors.items():
        content += bytes(4) + values.tobytes() + (bias.tobytes() if name == "conv" else b"")
    (folder / "m.param").write_text(PARAM)
    (folder / "m.bin").write_bytes(content)
    return folder / "m.param", folder / "m.bin", tensors


def written(folder: Path) -> tuple[Path, Path, dict[str, np.ndarray]]:
    """The int8 files, and what was chosen."""
    param, binary, _ = float_network(folder)
    files = folder / "q.param", folder / "q.bin"
    return *files, int8_file.write_int8(param, binary, SCALES, files)


def test_grouped_convolutions_cannot_be_in_int8(tmp_path: Path) -> None:
    network = param_file.ParamFile.read(float_network(tmp_path)[0])
    assert [layer.name for layer in int8_file.quantisable(network)] == list(SCALES)


def test_a_network_in_int8_says_so_and_holds_its_factors(tmp_path: Path) -> None:
    param, binary, chosen = written(tmp_path)
    network = param_file.ParamFile.read(param)
    assert [layer.parameters.get("8") for layer in network.layers] == [None, "1", None, "1", "1", "5"]
    assert network.layers[-1].parameters["18"] == "800"
    tensors = {
        layer: {one.name: one.values for one in found}
        for layer, found in weights_file.WeightsFile.read(network, binary).tensors.items()
    }
    assert {name: one.dtype.name for name, one in tensors["conv"].items()} == {
        "weight": "int8", "bias": "float32", "weight_scales": "float32", "input_scale": "float32",
    }  # fmt: skip
    assert tensors["grouped"]["weight"].dtype == np.float32
    _, _, before = float_network(tmp_path)
    for name in ("conv", "depthwise", "fc"):
        scales = tensors[name]["weight_scales"]
        rows = tensors[name]["weight"].reshape(len(scales), -1).astype(np.float64)
        assert np.abs(rows).max() == 127
        truth = before[name].reshape(len(scales), -1)
        assert (np.abs(rows / scales[:, None] - truth) <= 0.5001 / scales[:, None]).all()
        np.testing.assert_array_equal(tensors[name]["input_scale"], np.array([SCALES[name]], np.float32))
        np.testing.assert_array_equal(chosen[f"{name}.weight_scales"], scales)


def test_a_product_has_a_factor_for_each_block_of_a_row(tmp_path: Path) -> None:
    param, binary, chosen = written(tmp_path)
    found = weights_file.WeightsFile.read(param_file.ParamFile.read(param), binary).tensors["tokens"]
    stored = {one.name: one.values for one in found}
    assert {name: (one.dtype.name, one.size) for name, one in stored.items()} == {
        "B": ("int8", 200), "C": ("float32", 5), "weight_scales": ("float32", 10),
    }  # fmt: skip
    np.testing.assert_array_equal(chosen["tokens.weight_scales"], stored["weight_scales"])
    assert "tokens.input_scale" not in chosen
    _, _, before = float_network(tmp_path)
    integers, scales = stored["B"].reshape(5, 40).astype(np.float64), stored["weight_scales"].reshape(5, 2)
    for block, part in ((0, slice(0, 32)), (1, slice(32, 40))):
        assert (np.abs(integers[:, part]).max(axis=1) == 127).all()
        step = 1 / scales[:, block, None]
        assert (np.abs(integers[:, part] * step - before["tokens"][:, part]) <= 0.5001 * step).all()
    assert (scales[:, 1] > 20 * scales[:, 0]).all()


@pytest.mark.parametrize("changed", ["2=1", "3=0", "4=1", "5=0", "18=800", "18=402"])
def test_other_products_stay_as_they_are(changed: str, tmp_path: Path) -> None:
    path = tmp_path / "m.param"
    path.write_text(f"7767517\n2 2\nInput in0 0 1 in0\nGemm tokens 1 1 in0 out0 2=0 3=1 4=0 5=1 8=5 9=40 {changed}\n")
    assert not int8_file.quantisable(param_file.ParamFile.read(path))


def test_six_bits_are_for_convolutions_that_may_be_transformed(tmp_path: Path) -> None:
    param, binary, _ = float_network(tmp_path)
    files = tmp_path / "q.param", tmp_path / "q.bin"
    int8_file.write_int8(param, binary, SCALES, files, six_bits=True)
    found = weights_file.WeightsFile.read(param_file.ParamFile.read(files[0]), files[1]).tensors
    assert {name: int(np.abs(found[name][0].values).max()) for name in SCALES} == {
        "conv": 31,
        "depthwise": 127,
        "fc": 127,
        "tokens": 127,
    }


def test_a_channel_of_zeros_is_zeros(tmp_path: Path) -> None:
    param, *_ = float_network(tmp_path)
    layer = next(one for one in param_file.ParamFile.read(param).layers if one.name == "fc")
    scales = int8_file.weight_scales(layer, np.zeros(72, np.float32))
    np.testing.assert_array_equal(scales, np.ones(12, np.float32))


@pytest.fixture(scope="module")
def explanations(tmp_path_factory: pytest.TempPathFactory) -> Explanations:
    folder = tmp_path_factory.mktemp("healthy")
    *_, chosen = written(folder)
    program, known = small_program()
    _, _, tensors = float_network(folder)
    extra = {name: tensors[name] for name in ("grouped", "depthwise", "tokens", "summand")}
    return Explanations(program, {**known, **extra}, chosen=chosen)


def account_of(param: Path, binary: Path, explanations: Explanations) -> Account:
    return explanations.account(parameters.stored(Request({"param": param, "bin": binary}, param.parent, {})))


def test_every_tensor_is_explained(explanations: Explanations, tmp_path: Path) -> None:
    param, binary, _ = written(tmp_path)
    found = account_of(param, binary, explanations)
    assert (found.unexplained, found.unused) == ([], [])
    assert found.explained["as the quantisation chose it"] == 7
    assert sum(count for how, count in found.explained.items() if how.endswith("in 8 bits")) == 4


def places(param: Path, binary: Path) -> Mapping[str, tuple[int, int]]:
    """Where the factors lie in a file, and how many there are."""
    found = weights_file.WeightsFile.read(param_file.ParamFile.read(param), binary).tensors
    return {
        f"{layer}.{one.name}": (one.start, one.values.size)
        for layer, tensors in found.items()
        for one in tensors
        if one.name in ("weight_scales", "input_scale")
    }


@pytest.mark.parametrize("seed", range(100))
def test_a_corrupted_scale_and_swapped_scales_are_found(seed: int, explanations: Explanations, tmp_path: Path) -> None:
    param, binary, _ = written(tmp_path)
    random = np.random.default_rng(seed)
    known = places(param, binary)
    swapped = bool(seed % 2)
    name = str(random.choice([one for one, (_, count) in known.items() if count > 1 or not swapped]))
    start, count = known[name]
    content = bytearray(binary.read_bytes())
    values = np.frombuffer(content, np.float32, count, start).copy()
    if swapped:
        first, second = random.choice(count, 2, replace=False)
        values[[first, second]] = values[[second, first]]
    else:
        values[random.integers(count)] *= random.choice([1.001, 1.01, 2, 0, -1, np.nan])
    content[start : start + values.nbytes] = values.tobytes()
    binary.write_bytes(bytes(content))
    found = account_of(param, binary, explanations)
    assert name in [one.name for one in found.unexplained]


def test_a_changed_weight_is_found(explanations: Explanations, tmp_path: Path) -> None:
    param, binary, _ = written(tmp_path)
    content = bytearray(binary.read_bytes())
    content[4 + 10] = (content[4 + 10] + 2) % 256
    binary.write_bytes(bytes(content))
    assert [one.name for one in account_of(param, binary, explanations).unexplained] == ["conv.weight"]


def test_8_bits_of_known_distributions_are_cut_off_where_that_costs_least() -> None:
    """Laplace's: a exp(a) = 3 * 4^M (the paper's equation 6); a normal one's: the least error on a fine grid."""
    laplace = int8_ranges.OF_LAPLACE
    assert laplace * np.exp(laplace) == pytest.approx(3 * 4**8, rel=1e-3)
    grid = np.linspace(1, 6, 50001)
    beyond = np.array([math.erfc(one / math.sqrt(2)) for one in grid])
    cost = (grid**2 + 1) * beyond - math.sqrt(2 / math.pi) * grid * np.exp(-(grid**2) / 2) + grid**2 / (3 * 4**8)
    assert grid[cost.argmin()] == pytest.approx(int8_ranges.OF_GAUSS, abs=1e-3)


@pytest.mark.parametrize("draw", ["normal", "laplace"])
def test_analytical_clipping_costs_hardly_more_than_the_best_threshold(draw: str) -> None:
    values = getattr(np.random.default_rng(0), draw)(0, 1, 500_000).astype(np.float32)
    found = int8_ranges.Histogram()
    found.widen(values)
    found.count(values)
    width = found.usual / int8_ranges.BINS
    grid = np.linspace(0.2, 1, 401) * found.usual
    best = min(int8_ranges.square_error(found.counts, width, one) for one in grid)
    assert best <= int8_ranges.square_error(found.counts, width, found.threshold("aciq")) < 1.25 * best


def test_a_few_large_values_do_not_widen_the_steps_of_least_divergence() -> None:
    values = np.random.default_rng(0).normal(0, 1, 200_000).astype(np.float32)
    values[:3] = 40
    found = int8_ranges.Histogram()
    found.widen(values)
    for part in np.split(values, 10):
        found.count(part)
    assert found.counts.sum() == len(values)
    assert found.threshold("minmax") == 40
    assert 3 < found.threshold("kl") < 8
    assert 3.5 < found.threshold("percentile") < 4.5


def test_an_input_of_zeros_has_a_factor_all_the_same() -> None:
    found = int8_ranges.Histogram()
    found.widen(np.zeros(5, np.float32))
    found.count(np.zeros(5, np.float32))
    assert [found.threshold(method) for method in int8_ranges.METHODS] == [0] * len(int8_ranges.METHODS)


def test_one_photo_on_which_a_network_explodes_leaves_the_ranges_as_they_are() -> None:
    random = np.random.default_rng(1)
    photos = [random.normal(0, 1, 5000).astype(np.float32) for _ in range(100)]
    photos[70] *= 1000
    found = int8_ranges.Histogram()
    for photo in photos:
        found.widen(photo)
    for photo in photos:
        found.count(photo)
    assert found.threshold("minmax") > 1000
    assert all(2 < found.threshold(method) < 6 for method in ("most", "percentile", "kl", "aciq"))
