"""The runner with the real libraries, as far as they go without a GPU."""

import numpy as np
import pytest
from safetensors.numpy import save_file

from edgekit.errors import ConversionError
from edgekit.toolchain.device import find_device

pytestmark = [
    pytest.mark.toolchain,
    pytest.mark.skipif(find_device("nvidia-gpu") is not None, reason="an NVIDIA GPU is here: the runner really runs"),
]

# TensorRT's own refusal, behind a device that says it is there.
LOAD = """
import sys
from pathlib import Path
import tensorrt_rtx as trt
from edgeworker.refusal import Refusal
from engine_session import EngineSession
try:
    EngineSession(trt, None, Path(sys.argv[1]), [1], {}, {})
except Refusal as refusal:
    print(refusal.message, "|", refusal.remedy)
"""

# Every call of CudaDevice with its own arguments: the library must answer with a status, not with a TypeError.
CALLS = """
import numpy as np
from cuda.bindings import runtime
from cuda_device import CudaDevice
from edgeworker.refusal import Refusal
device = CudaDevice.__new__(CudaDevice)
device._cudart, device.stream = runtime, int(runtime.cudaStream_t())
values = np.zeros(4, np.float32)
print(runtime.cudaDeviceProp().name + b"!", runtime.cudaDeviceProp().major)
for call in (
    lambda: device._call("cudaGetDeviceProperties", 0),
    lambda: device._call("cudaStreamCreate"),
    lambda: device.allocate(16),
    lambda: device.upload(4096, values),
    lambda: device.download(values, 4096),
    lambda: device.wait(),
):
    try:
        call()
    except Refusal as refusal:
        print(refusal.message)
"""

API = """
import tensorrt_rtx as trt
for name in (
    "Runtime.deserialize_cuda_engine ICudaEngine.create_execution_context ICudaEngine.num_io_tensors "
    "ICudaEngine.get_tensor_name ICudaEngine.get_tensor_mode ICudaEngine.get_tensor_shape ICudaEngine.get_tensor_dtype "
    "IExecutionContext.set_input_shape IExecutionContext.get_tensor_shape IExecutionContext.set_tensor_address "
    "IExecutionContext.execute_async_v3 TensorIOMode.INPUT ILogger.Severity.INTERNAL_ERROR nptype"
).split():
    found = trt
    for part in name.split("."):
        found = getattr(found, part)
print("complete")
"""


def test_without_a_gpu_the_runner_says_so(run_worker, converted, tmp_path):
    save_file({"x": np.zeros((1, 3, 64, 64), np.float32)}, tmp_path / "tensors.safetensors")
    inputs = {
        "engine": converted[1] / "model.engine",
        "record": converted[1] / "model.engine.json",
        "tensors": tmp_path / "tensors.safetensors",
    }
    with pytest.raises(ConversionError, match=r"CUDA finds no NVIDIA GPU here \(CUDA error (35|100): ") as caught:
        run_worker("tensorrt/run.py", inputs, {})
    assert caught.value.remedy == "It needs a GPU and its driver"


def test_tensorrt_itself_cannot_load_an_engine_without_a_gpu(in_environment, converted):
    said = in_environment(LOAD, converted[1] / "model.engine")
    assert said.startswith(
        "tensorrt_rtx 1.7.1.116 found no NVIDIA GPU that it can use: IRuntime::deserializeCudaEngine"
    )
    assert "CUDA error 35: CUDA driver version is insufficient for CUDA runtime version" in said


def test_cuda_takes_the_calls_as_they_are_made(in_environment):
    first, *answers = in_environment(CALLS).splitlines()
    assert first == "b'!' 0"
    assert len(answers) == 6
    assert all(answer.startswith("CUDA finds no NVIDIA GPU here (CUDA error ") for answer in answers)


def test_tensorrt_has_all_that_the_session_uses(in_environment):
    assert in_environment(API) == "complete\n"
