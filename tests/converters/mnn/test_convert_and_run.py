import json
import os
import stat
import subprocess

import numpy as np
import pytest
from onnx import helper
from safetensors.numpy import load_file, save_file

from edgekit.bundled import bundled_folder
from edgekit.cache import cache_folder
from edgekit.errors import ConversionError, UsageError
from edgekit.filesystem.hashing import file_sha256
from edgekit.toolchain.environment import ensure_environment
from edgekit.toolchain.script import requirements_of
from tests.converters.loading import load
from tests.converters.mnn.damage import scale_one_channel
from tests.converters.mnn.onnx_models import small_model
from tests.converters.onnx.agreement import TOLERANCE, relative_error

pytestmark = pytest.mark.toolchain


@pytest.fixture(scope="module")
def converted(run_worker, onnx_model):
    return run_worker("mnn/convert.py", {"onnx": onnx_model}, {"precision": "fp32", "batch": 1, "rewrites": []})


def run(run_worker, folder, tensors, **options):
    return run_worker("mnn/run.py", {"model": folder / "model.mnn", "tensors": tensors}, {"threads": 2, **options})


def account(run_worker, program, folder):
    return run_worker("mnn/parameters.py", {"program": program, "model": folder / "model.mnn"}, {})[0]


def test_names_shapes_and_the_same_file_again(run_worker, onnx_model, converted):
    details, output = converted
    assert [path.name for path in output.iterdir()] == ["model.mnn"]
    assert details["io"] == {"inputs": {"x": "x"}, "outputs": {"logits": "logits"}}
    assert details["inputs"] == [{"name": "x", "shape": [1, 3, 64, 64], "dtype": "float32"}]
    assert details["layers"]["UnaryOp"] > 20
    again = run_worker("mnn/convert.py", {"onnx": onnx_model}, {})[1]
    assert file_sha256(again / "model.mnn") == file_sha256(output / "model.mnn")


def test_agrees_with_paddle_and_everything_stored_is_accounted_for(
    run_worker, converted, mixnet_program, tensors, oracle
):
    timing = {"warmup": 1, "repeats": 3, "seconds": 1.0}
    details, output = run(run_worker, converted[1], tensors, latency=timing)
    assert relative_error(output, oracle) < TOLERANCE
    assert details["latency"]["repeats"] == 3
    found = account(run_worker, mixnet_program, converted[1])
    assert found["stored"] > 150
    assert (found["unexplained_count"], found["unused_count"]) == (0, 0)


def test_one_channel_off_by_a_hundredth_shows(run_worker, converted, mixnet_program, tensors, oracle, free_copy):
    folder = free_copy(converted[1])
    name = scale_one_channel(folder / "model.mnn")
    assert relative_error(run(run_worker, folder, tensors)[1], oracle) > 10 * TOLERANCE
    found = account(run_worker, mixnet_program, folder)
    assert [one["name"] for one in found["unexplained"]] == [f"{name}.weight"]


def test_fp16_stores_half_of_it(run_worker, converted, onnx_model, mixnet_program, tensors, oracle):
    _, half = run_worker("mnn/convert.py", {"onnx": onnx_model}, {"precision": "fp16"})
    sizes = [(folder / "model.mnn").stat().st_size for folder in (half, converted[1])]
    assert 0.49 < sizes[0] / sizes[1] < 0.55
    # The demo weights were rounded to half precision already; what remains are the normalisations.
    assert 1e-6 < relative_error(run(run_worker, half, tensors, precision="fp16")[1], oracle) < 1e-2
    found = account(run_worker, mixnet_program, half)
    assert (found["unexplained_count"], found["unused_count"]) == (0, 0)
    assert any("rounded to FP16" in how for how in found["explained"])


def test_weights_in_8_bits(run_worker, converted, onnx_model, mixnet_program, tensors, oracle, free_copy):
    _, small = run_worker("mnn/convert.py", {"onnx": onnx_model}, {"precision": "int8-weights"})
    sizes = [(folder / "model.mnn").stat().st_size for folder in (small, converted[1])]
    assert 0.25 < sizes[0] / sizes[1] < 0.33
    assert 1e-4 < relative_error(run(run_worker, small, tensors, precision="int8-weights")[1], oracle) < 0.2
    found = account(run_worker, mixnet_program, small)
    assert (found["unexplained_count"], found["unused_count"]) == (0, 0)
    assert any("in 8 bits" in how for how in found["explained"])
    # One step more in one weight of thousands is half a step too much.
    folder = free_copy(small)
    network = load("mnn", "mnn_file").MnnFile.read(folder / "model.mnn")
    convolution = next(one for one in network.operators if one.type == "Convolution")
    content = bytearray((folder / "model.mnn").read_bytes())
    indices = (convolution.tensors()["weight"].integers.astype(np.int16) + 128).astype(np.uint8)
    at = content.find(indices.tobytes())
    content[at + 20] += 2 if content[at + 20] < 128 else -2
    (folder / "model.mnn").write_bytes(content)
    found = account(run_worker, mixnet_program, folder)
    assert [one["name"] for one in found["unexplained"]] == [f"{convolution.name}.weight"]


def test_a_gelu_is_no_approximation(run_worker, tmp_path):
    """MNN's own default is the form with tanh, off by 5e-4."""
    nodes = [
        helper.make_node("Div", ["x", "root"], ["a"]),
        helper.make_node("Erf", ["a"], ["b"]),
        helper.make_node("Add", ["b", "one"], ["c"]),
        helper.make_node("Mul", ["x", "c"], ["d"]),
        helper.make_node("Mul", ["d", "half"], ["y"]),
    ]
    weights = {"root": np.float32(2**0.5), "one": np.float32(1), "half": np.float32(0.5)}
    model = small_model(tmp_path, nodes, [1, 8, 4, 4], {name: np.array(value) for name, value in weights.items()})
    x = np.random.default_rng(0).normal(size=(1, 8, 4, 4)).astype(np.float32) * 2
    save_file({"x": x}, tmp_path / "tensors.safetensors")
    _, output = run_worker("mnn/convert.py", {"onnx": model}, {})
    found = load_file(run(run_worker, output, tmp_path / "tensors.safetensors")[1] / "outputs.safetensors")["y"]
    from math import erf

    truth = np.array([0.5 * value * (1 + erf(value / 2**0.5)) for value in x.ravel().tolist()]).reshape(x.shape)
    assert np.abs(found - truth).max() < 1e-6


def test_a_batch_that_is_left_open(run_worker, tmp_path):
    """Two sizes of batches in turn, in one session."""
    model = small_model(
        tmp_path,
        [
            helper.make_node("Conv", ["x", "w"], ["a"], pads=[1, 1, 1, 1]),
            helper.make_node("GlobalAveragePool", ["a"], ["b"]),
            helper.make_node("Flatten", ["b"], ["y"]),
        ],
        ["batch", 3, 8, 8],
        {"w": np.random.default_rng(1).normal(size=(5, 3, 3, 3)).astype(np.float32)},
    )
    x = np.random.default_rng(2).normal(size=(4, 3, 8, 8)).astype(np.float32)
    save_file({"x": x}, tmp_path / "tensors.safetensors")
    _, output = run_worker("mnn/convert.py", {"onnx": model}, {"batch": "dynamic"})
    single = load_file(run(run_worker, output, tmp_path / "tensors.safetensors", batch=1)[1] / "outputs.safetensors")[
        "y"
    ]
    mixed = load_file(
        run(run_worker, output, tmp_path / "tensors.safetensors", batch=[1, 3])[1] / "outputs.safetensors"
    )["y"]
    assert single.shape == mixed.shape == (4, 5)
    assert np.abs(single - mixed).max() < 1e-6
    assert np.abs(single[0] - single[1]).max() > 1e-3


def test_an_operator_that_mnn_lacks_is_named(run_worker, tmp_path):
    model = small_model(tmp_path, [helper.make_node("Frobnicate", ["x"], ["y"])], [1, 3, 4, 4])
    with pytest.raises(ConversionError, match="MNN cannot convert the operator Frobnicate"):
        run_worker("mnn/convert.py", {"onnx": model}, {})


def test_what_is_no_model_is_refused(run_worker, tmp_path):
    (tmp_path / "model.onnx").write_bytes(b"not a model")
    with pytest.raises(ConversionError, match=r"MNN could not convert model\.onnx"):
        run_worker("mnn/convert.py", {"onnx": tmp_path / "model.onnx"}, {})


def test_a_damaged_file_is_not_given_to_mnn(run_worker, converted, tensors, free_copy):
    folder = free_copy(converted[1])
    path = folder / "model.mnn"
    path.write_bytes(path.read_bytes()[:100_000])
    with pytest.raises(UsageError, match=r"model\.mnn cannot be read"):
        run(run_worker, folder, tensors)


def test_other_names_batches_settings_and_precisions_are_refused(run_worker, onnx_model, converted, tensors):
    for options, said in (
        ({"inputs": {"x": "image"}}, r"inputs are \['x'\], not \['image'\]"),
        ({"batch": 3}, "batch of 3"),
        ({"settings": {"memory": "tiny"}}, "memory is normal, low or high, not tiny"),
        ({"settings": {"warp": 9}}, "no setting warp"),
        ({"precision": "int8"}, "not int8"),
    ):
        with pytest.raises(UsageError, match=said):
            run(run_worker, converted[1], tensors, **options)
    for options, said in (({"rewrites": ["magic"]}, "magic"), ({"precision": "int4"}, "int4"), ({"batch": 2}, "batch")):
        with pytest.raises(UsageError, match=said):
            run_worker("mnn/convert.py", {"onnx": onnx_model}, options)


def test_settings_change_what_is_computed_and_not_much(run_worker, tmp_path):
    """Winograd's larger transforms round otherwise; without them MNN is as exact as others."""
    weight = np.random.default_rng(3).normal(size=(32, 32, 3, 3)).astype(np.float32) / 17
    nodes = [helper.make_node("Conv", ["x", "w"], ["y"], pads=[1, 1, 1, 1])]
    model = small_model(tmp_path, nodes, [1, 32, 32, 32], {"w": weight})
    x = np.random.default_rng(4).normal(size=(1, 32, 32, 32)).astype(np.float32)
    save_file({"x": x}, tmp_path / "tensors.safetensors")
    _, output = run_worker("mnn/convert.py", {"onnx": model}, {})
    padded = np.pad(x[0].astype(np.float64), ((0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    truth = np.einsum("oikl,ihwkl->ohw", weight.astype(np.float64), windows, optimize=True)
    errors = []
    for settings in ({}, {"winograd": True}):
        _, found = run(run_worker, output, tmp_path / "tensors.safetensors", settings=settings)
        errors.append(
            float(np.abs(load_file(found / "outputs.safetensors")["y"][0] - truth).max() / np.abs(truth).max())
        )
    assert errors[0] < 1e-6 < errors[1] < 1e-3


def test_inner_tensors_and_cuts(run_worker, converted, tensors, tmp_path):
    folder = converted[1]
    sample = {"x": load_file(tensors)["x"][:1]}
    save_file(sample, tmp_path / "one.safetensors")
    graph = run_worker("mnn/tensors.py", {"model": folder / "model.mnn"}, {})[0]["graph"]
    assert (graph["inputs"], graph["outputs"]) == (["x"], ["logits"])
    assert not any(layer["type"] in ("ConvertTensor", "Const") for layer in graph["layers"])
    middle = [layer for layer in graph["layers"] if layer["type"] == "Convolution"][10]
    names = [*middle["inputs"], *middle["outputs"], "logits"]
    files = {"model": folder / "model.mnn", "tensors": tmp_path / "one.safetensors"}
    details, shown = run_worker("mnn/tensors.py", files, {"names": names})
    assert details["absent"] == []
    values = load_file(shown / "tensors.safetensors")
    plain = load_file(run(run_worker, folder, tmp_path / "one.safetensors")[1] / "outputs.safetensors")["logits"]
    assert np.abs(values["logits"] - plain).max() <= 1e-6 * np.abs(plain).max()
    shapes = {name: list(values[name].shape) for name in middle["inputs"]}
    options = {"inputs": shapes, "outputs": middle["outputs"]}
    details, cut = run_worker("mnn/cut.py", {"model": folder / "model.mnn"}, options)
    assert details["layers"] in (1, 2)  # with the conversion into blocks of channels, where there is one
    save_file({name: values[name] for name in shapes}, tmp_path / "middle.safetensors")
    found = load_file(run(run_worker, cut, tmp_path / "middle.safetensors")[1] / "outputs.safetensors")
    (name,) = middle["outputs"]
    assert np.abs(found[name] - values[name]).max() <= 1e-6 * np.abs(values[name]).max()
    with pytest.raises(UsageError, match="cannot be computed without x"):
        run_worker("mnn/cut.py", {"model": folder / "model.mnn"}, {"inputs": {}, "outputs": ["logits"]})


SPY = """
import json, sys
events = []
WATCHED = ("os.system", "os.exec", "os.posix_spawn", "os.fork", "subprocess.Popen", "socket.connect",
           "socket.getaddrinfo", "urllib.Request")
sys.addaudithook(lambda event, arguments: events.append(event) if event in WATCHED else None)
sys.path.insert(0, sys.argv[1])
from pathlib import Path
import convert
convert.run_converter(Path(sys.argv[2]), Path(sys.argv[3]), [])
import run
loaded = [name for name in sys.modules if name.startswith(("MNN.tools", "aliyun", "pip"))]
print("SEEN " + json.dumps([events, loaded]))
"""


def test_nothing_is_installed_and_nothing_is_reported(onnx_model, tmp_path):
    """The function behind MNN's commands, in this very process, with a pip on the PATH that would leave a mark."""
    mark, tools = tmp_path / "mark", tmp_path / "tools"
    tools.mkdir()
    for name in ("pip", "pip3", "curl", "wget"):
        (tools / name).write_text(f"#!/bin/sh\necho {name} >> {mark}\n")
        (tools / name).chmod((tools / name).stat().st_mode | stat.S_IEXEC)
    folder = bundled_folder("converters") / "mnn"
    environment = ensure_environment(requirements_of(folder / "convert.py"), cache_folder(), print)
    # So that the mark would be there: what the command does at its start.
    subprocess.run(["sh", "-c", "pip install x"], env={"PATH": f"{tools}:/usr/bin:/bin"}, check=True)
    assert mark.read_text() == "pip\n"
    mark.unlink()
    answer = subprocess.run(
        [environment, "-c", SPY, folder, onnx_model, tmp_path / "model.mnn"],
        env={**os.environ, "PATH": f"{tools}:/usr/bin:/bin", "PYTHONPATH": str(folder.parent / "lib")},
        capture_output=True,
        text=True,
        check=True,
    )
    (seen,) = [line for line in answer.stdout.splitlines() if line.startswith("SEEN ")]
    assert json.loads(seen.removeprefix("SEEN ")) == [[], []]
    assert (tmp_path / "model.mnn").stat().st_size > 10_000_000
    assert not mark.exists()
