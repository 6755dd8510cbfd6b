"""A simulated device below `engine_session`: CUDA's memory is a dictionary, and an engine doubles its input.

Calls answer as cuda-bindings' do, a tuple that begins with the status; what TensorRT says goes to the logger.
"""

import ctypes
from enum import Enum, IntEnum
from types import SimpleNamespace
from typing import Any

import numpy as np


class FakeCudart:
    """cuda.bindings.runtime with one device; `status` is what every call answers, `room` how many bytes it has."""

    cudaMemcpyKind = SimpleNamespace(cudaMemcpyHostToDevice=1, cudaMemcpyDeviceToHost=2)

    def __init__(self, status: int = 0, room: int = 1 << 20) -> None:
        self.status, self.room = status, room
        self.memory: dict[int, bytearray] = {}

    def cudaGetDeviceCount(self):
        return (self.status, 1)

    def cudaGetDeviceProperties(self, index):
        return (0, SimpleNamespace(name=b"NVIDIA Fake\0\0", major=8, minor=6))

    def cudaDriverGetVersion(self):
        return (0, 13050)

    def cudaStreamCreate(self):
        return (0, 7)

    def cudaMalloc(self, size):
        if size > self.room:
            return (2, None)
        address = 4096 * (len(self.memory) + 1)
        self.memory[address] = bytearray(size)
        return (0, address)

    def cudaMemcpyAsync(self, target, source, size, kind, stream):
        assert stream == 7
        if kind == 1:
            self.memory[target][:size] = ctypes.string_at(source, size)
        else:
            ctypes.memmove(target, bytes(self.memory[source][:size]), size)
        return (0,)

    def cudaStreamSynchronize(self, stream):
        return (0,)

    def cudaGetErrorString(self, status):
        words = {2: b"out of memory", 35: b"CUDA driver version is insufficient", 100: b"no CUDA-capable device"}
        return (0, words[status])


class Severity(Enum):
    INTERNAL_ERROR, ERROR, WARNING, INFO, VERBOSE = range(5)


class Mode(IntEnum):
    NONE, INPUT, OUTPUT = range(3)


class FakeLogger:
    Severity = Severity


class FakeTrt:
    """The module tensorrt_rtx with one engine: `x` [batch, 3] to `y`, twice as much, with `batch` -1 for any.

    `fails`: where it goes wrong: "load", "prepare" or "run"; `message` is what it logs then.
    """

    __name__, __version__ = "tensorrt_rtx", "1.7.1.116"
    ILogger, TensorIOMode = FakeLogger, Mode

    def __init__(self, cudart: FakeCudart, batch: int = 2, fails: str = "", message: str = "") -> None:
        self.cudart, self.batch, self.fails, self.message = cudart, batch, fails, message

    def Runtime(self, log):
        self.log = log
        return SimpleNamespace(deserialize_cuda_engine=lambda content: self._or_none("load", FakeEngine(self)))

    def nptype(self, dtype):
        return dtype

    def _or_none(self, step: str, made: Any) -> Any:
        if self.fails == step:
            self.log.log(Severity.ERROR, self.message)
            return None
        return made


class FakeEngine:
    num_io_tensors = 2

    def __init__(self, trt: FakeTrt) -> None:
        self.trt = trt

    def get_tensor_name(self, index):
        return "xy"[index]

    def get_tensor_mode(self, name):
        return Mode.INPUT if name == "x" else Mode.OUTPUT

    def get_tensor_shape(self, name):
        return (self.trt.batch, 3)

    def get_tensor_dtype(self, name):
        return np.float32

    def create_execution_context(self):
        return self.trt._or_none("prepare", FakeContext(self.trt))


class FakeContext:
    def __init__(self, trt: FakeTrt) -> None:
        self.trt = trt
        self.addresses: dict[str, int] = {}
        self.shape: tuple[int, ...] = (0, 0)

    def set_input_shape(self, name, shape):
        fits = shape[1:] == (3,) and self.trt.batch in (-1, shape[0])
        self.shape = shape
        return fits

    def get_tensor_shape(self, name):
        return self.shape

    def set_tensor_address(self, name, address):
        self.addresses[name] = address
        return True

    def execute_async_v3(self, stream):
        memory, count = self.trt.cudart.memory, 4 * self.shape[0] * 3
        given = np.frombuffer(bytes(memory[self.addresses["x"]][:count]), np.float32)
        memory[self.addresses["y"]][:count] = (given * 2).tobytes()
        return self.trt._or_none("run", True) or False
