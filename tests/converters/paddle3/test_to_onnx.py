"""Paddle 3 programs as ONNX: the same names, the same values in ONNX Runtime."""

import numpy as np
import pytest
from safetensors.numpy import load_file

pytestmark = pytest.mark.toolchain


def test_it_computes_what_the_program_computes(run_worker, windowed, run_program, noise, tmp_path):
    details, program = windowed
    converted, output = run_worker("paddle3/to_onnx.py", {"program": program}, {"batch": 1})
    assert converted["inputs"] == details["inputs"]
    assert [port["name"] for port in converted["outputs"]] == ["fetch_name_0", "fetch_name_1"]
    assert [port["shape"] for port in converted["outputs"]] == [port["shape"] for port in details["outputs"]]
    assert converted["io"] == {
        "inputs": {"x": "x"},
        "outputs": {"fetch_name_0": "fetch_name_0", "fetch_name_1": "fetch_name_1"},
    }
    assert converted["opset"] == 13
    # What shapes decide was written in before; nothing of it is computed in the model.
    assert not {"Shape", "Gather", "Floor", "Cast"} & set(converted["operators"])
    assert converted["rewrites"] == []
    _, oracle = run_program(program, noise(3, 64))
    inputs = {"model": output / "model.onnx", "tensors": tmp_path / "x.safetensors"}
    _, ran = run_worker("onnx/run.py", inputs, {"batch": 1})
    found = load_file(ran / "outputs.safetensors")
    assert found.keys() == oracle.keys()
    for name, exact in oracle.items():
        assert 0 < np.abs(found[name] - exact).max() < 1e-6
