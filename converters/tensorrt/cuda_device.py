"""One CUDA device with its memory and one stream, through NVIDIA's cuda-bindings; every call is checked."""

from typing import Any

import numpy as np
from edgeworker.refusal import Refusal

# cudaErrorInsufficientDriver (what a machine without any driver answers too) and cudaErrorNoDevice.
_NO_DEVICE = (35, 100)
_OUT_OF_MEMORY = 2


class CudaDevice:
    """The first device that CUDA shows (CUDA_VISIBLE_DEVICES chooses).

    Raises Refusal, with CUDA's own words, where there is none.
    """

    def __init__(self, cudart: Any = None) -> None:
        if cudart is None:
            from cuda.bindings import runtime as cudart
        self._cudart: Any = cudart
        if self._call("cudaGetDeviceCount") < 1:
            raise Refusal("CUDA shows no NVIDIA GPU", "It needs a GPU and its driver")
        properties = self._call("cudaGetDeviceProperties", 0)
        self.name: str = bytes(properties.name).rstrip(b"\0").decode()
        self.compute_capability = f"sm{properties.major}{properties.minor}"
        version = self._call("cudaDriverGetVersion")
        self.driver = f"CUDA {version // 1000}.{version % 1000 // 10}"
        self.stream: int = int(self._call("cudaStreamCreate"))

    def allocate(self, size: int) -> int:
        """The address of `size` new bytes on the device. Nothing is freed: a worker holds its buffers to its end."""
        return int(self._call("cudaMalloc", max(size, 1)))

    def upload(self, address: int, values: np.ndarray) -> None:
        """Begin to copy contiguous `values` to the device; they must stay until `wait`."""
        kind = self._cudart.cudaMemcpyKind.cudaMemcpyHostToDevice
        self._call("cudaMemcpyAsync", address, values.ctypes.data, values.nbytes, kind, self.stream)

    def download(self, values: np.ndarray, address: int) -> None:
        """Begin to copy from the device into contiguous `values`; they are complete after `wait`."""
        kind = self._cudart.cudaMemcpyKind.cudaMemcpyDeviceToHost
        self._call("cudaMemcpyAsync", values.ctypes.data, address, values.nbytes, kind, self.stream)

    def wait(self) -> None:
        """Wait until all that was begun is done; errors of kernels show here."""
        self._call("cudaStreamSynchronize", self.stream)

    def _call(self, function: str, *arguments: Any) -> Any:
        """cuda-bindings return a tuple: the status, then what the function gives."""
        status, *given = getattr(self._cudart, function)(*arguments)
        if code := int(status):
            _, words = self._cudart.cudaGetErrorString(status)
            said = f"CUDA error {code}: {bytes(words).decode()}"
            if code in _NO_DEVICE:
                raise Refusal(f"CUDA finds no NVIDIA GPU here ({said})", "It needs a GPU and its driver")
            if code == _OUT_OF_MEMORY:
                raise Refusal(f"the GPU's memory is full ({said})", "End other programs on it, or use a smaller batch")
            raise Refusal(f"{function} failed ({said})")
        return given[0] if given else None
