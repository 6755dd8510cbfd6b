"""What is seen inside a Paddle 3 program, and small programs cut out of it."""

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from edgekit.errors import UsageError
from tests.converters.paddle3.plain_in_numpy import convolution, parameters

pytestmark = pytest.mark.toolchain


@pytest.fixture(scope="module")
def plain(adopt):
    return adopt("plain")[1]


@pytest.fixture
def graph(run_worker):
    return lambda program: run_worker("paddle3/tensors.py", {"program": program}, {"names": None})[0]["graph"]


@pytest.fixture
def look(run_worker, tmp_path):
    """The tensors `names` inside a program for some inputs."""

    def looked(program, inputs, names, precision="fp32"):
        save_file(inputs, tmp_path / "inputs.safetensors")
        details, output = run_worker(
            "paddle3/tensors.py",
            {"program": program, "tensors": tmp_path / "inputs.safetensors"},
            {"names": names, "precision": precision},
        )
        assert details == {"absent": []}
        return load_file(output / "tensors.safetensors")

    return looked


def test_layers_with_the_network_s_own_names(plain, graph):
    found = graph(plain)
    assert (found["inputs"], found["outputs"], found["hidden"]) == (["x"], ["fetch_name_0"], [])
    layers = found["layers"]
    assert [layer["type"] for layer in layers] == [
        "conv2d", "add", "batch_norm", "relu", "pool2d", "pool2d", "flatten", "matmul", "add", "softmax",
    ]  # fmt: skip
    conv, add, *_, softmax = layers
    assert conv["attributes"]["layer"] == "/Conv2D/"
    assert conv["attributes"]["strides"] == "[2, 2]"
    assert list(conv["parameters"]) == ["conv2d_0.w_0"]
    assert add["inputs"] == conv["outputs"]  # its other operand is a parameter's reshape, no layer
    assert softmax["outputs"] == ["fetch_name_0"]
    assert layers[4]["attributes"]["operand 1"] == "[2, 2]"


def test_tensors_in_both_precisions(plain, graph, look, exported, noise):
    conv = graph(plain)["layers"][0]["name"]
    images = noise(1, 32)
    exact = convolution(images.astype(np.float64), parameters(exported / "plain")["conv2d.w_0"])
    single = look(plain, {"x": images}, [conv, "x"])
    double = look(plain, {"x": images}, [conv], "fp64")
    assert (single[conv].dtype, double[conv].dtype) == (np.float32, np.float64)
    np.testing.assert_array_equal(single["x"], images)
    np.testing.assert_allclose(double[conv], exact, rtol=0, atol=1e-14)
    assert 0 < np.abs(single[conv] - exact).max() < 1e-5


def test_all_tensors_at_once_lists_among_them(windowed, graph, look, noise):
    _, program = windowed
    found = graph(program)
    (split,) = (layer for layer in found["layers"] if layer["type"] == "split_with_num")
    assert split["outputs"] == [f"{split['name'].removesuffix('.0')}.{position}" for position in range(2)]
    values = look(program, {"x": noise(1, 64)}, "all")
    assert set(values) == {"x", *(name for layer in found["layers"] for name in layer["outputs"])}
    first, second = (values[name] for name in split["outputs"])
    (concat,) = (layer for layer in found["layers"] if layer["type"] == "concat")
    np.testing.assert_array_equal(values[concat["name"]], np.concatenate([second, first], axis=2))


def test_a_cut_computes_what_it_computed_in_the_whole(windowed, graph, look, run_worker, noise):
    """Cut between the parts of a list and the end, so that its inputs come out of an operator that is left behind."""
    _, program = windowed
    layers = graph(program)["layers"]
    (split,) = (layer for layer in layers if layer["type"] == "split_with_num")
    mean = [layer for layer in layers if layer["type"] == "mean"][-1]
    values = look(program, {"x": noise(1, 64)}, [*split["outputs"], mean["name"]])
    given = {name: values[name] for name in split["outputs"]}
    options = {"inputs": {name: list(value.shape) for name, value in given.items()}, "outputs": [mean["name"]]}
    details, small = run_worker("paddle3/cut.py", {"program": program}, options)
    assert details["layers"] < len(layers) / 2
    alone = look(small, given, [mean["name"]])
    np.testing.assert_array_equal(alone[mean["name"]], values[mean["name"]])
    converted, _ = run_worker("paddle3/to_onnx.py", {"program": small}, {"batch": 1})
    assert sorted(converted["io"]["inputs"]) == sorted(given)


@pytest.mark.parametrize(
    ("inputs", "outputs", "message"),
    [
        ({}, ["fetch_name_0"], "fetch_name_0 cannot be computed without x"),
        ({"x": [1, 3, 32, 32]}, ["nothing"], "no tensor 'nothing'"),
        ({"x": [1, 3, 32, 32]}, ["fetch_name_0", "x"], "cut to one output, not to 2"),
    ],
)
def test_what_cannot_be_cut(run_worker, plain, inputs, outputs, message):
    with pytest.raises(UsageError, match=message):
        run_worker("paddle3/cut.py", {"program": plain}, {"inputs": inputs, "outputs": outputs})
