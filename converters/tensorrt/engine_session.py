"""Runs an engine of TensorRT or TensorRT-RTX, whose Python modules have the same shape, on a CUDA device."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from cuda_device import CudaDevice
from edgeworker.protocol import Request
from edgeworker.refusal import Refusal
from edgeworker.runner import (
    Tensors,
    batch_sizes,
    check_batch,
    check_fed,
    names_of,
    port_names,
    precision_of,
    run_job,
)
from trt_log import first_reason, loading_refusal, make_log


@dataclass
class Buffer:
    """Device memory for one tensor: its address and how many bytes it has room for."""

    address: int = 0
    size: int = 0


class EngineSession:
    """One engine on one device; inputs and outputs go by the program's names.

    Device memory is taken at the first run of a shape and kept.
    """

    def __init__(
        self,
        trt: Any,
        device: CudaDevice,
        path: Path,
        batches: list[int],
        inputs: dict[str, str],
        outputs: dict[str, str],
    ) -> None:
        self._trt, self._device, self._log = trt, device, make_log(trt)
        tool = f"{trt.__name__} {trt.__version__}"
        # The runtime must outlive the engine.
        self._runtime = trt.Runtime(self._log)
        self._engine = self._runtime.deserialize_cuda_engine(path.read_bytes())
        if self._engine is None:
            raise loading_refusal(tool, path.name, self._log.errors)
        self._context = self._engine.create_execution_context()
        if self._context is None:
            raise Refusal(f"{tool} cannot prepare {path.name}: {first_reason(self._log.errors)}")
        names = [self._engine.get_tensor_name(index) for index in range(self._engine.num_io_tensors)]
        taken = [name for name in names if self._engine.get_tensor_mode(name) == trt.TensorIOMode.INPUT]
        given = [name for name in names if name not in taken]
        self._inputs = port_names("inputs", inputs, taken)
        self._outputs = port_names("outputs", outputs, given)
        shapes = {name: tuple(self._engine.get_tensor_shape(name)) for name in taken}
        fixed = {name: None if shape[0] == -1 else shape[0] for name, shape in shapes.items()}
        check_batch(path.name, fixed, shapes, batches)
        self._types = {name: np.dtype(trt.nptype(self._engine.get_tensor_dtype(name))) for name in names}
        self._buffers = {name: Buffer() for name in names}

    def run(self, inputs: Tensors) -> Tensors:
        """Every output of one batch, under the program's names, in host memory."""
        check_fed(inputs, self._inputs)
        fed = {
            self._inputs[name]: np.ascontiguousarray(value, dtype=self._types[self._inputs[name]])
            for name, value in inputs.items()
        }
        for name, value in fed.items():
            if not self._context.set_input_shape(name, value.shape):
                raise Refusal(f"the engine does not take {list(value.shape)} for {name}", kind="input")
            self._device.upload(self._bound(name, value.nbytes), value)
        results = {target: np.empty(self._shape(target), self._types[target]) for target in self._outputs.values()}
        for target, value in results.items():
            self._bound(target, value.nbytes)
        if not self._context.execute_async_v3(self._device.stream):
            raise Refusal(f"TensorRT could not run the engine: {first_reason(self._log.errors)}")
        for target, value in results.items():
            self._device.download(value, self._buffers[target].address)
        self._device.wait()
        return {name: results[target] for name, target in self._outputs.items()}

    def _bound(self, name: str, size: int) -> int:
        """The address of a buffer of at least `size` bytes that the engine knows as its tensor `name`."""
        buffer = self._buffers[name]
        if buffer.size < size:
            buffer.address, buffer.size = self._device.allocate(size), size
            if not self._context.set_tensor_address(name, buffer.address):
                raise Refusal(f"TensorRT does not take a buffer for {name}: {first_reason(self._log.errors)}")
        return buffer.address

    def _shape(self, name: str) -> tuple[int, ...]:
        shape = tuple(self._context.get_tensor_shape(name))
        if any(extent < 0 for extent in shape):
            raise Refusal(f"the shape of {name}, {list(shape)}, is not known before it is computed")
        return shape


PRECISIONS = ("fp32", "fp16", "int8")


def run_engine(trt: Any, request: Request) -> dict[str, Any]:
    """`run_job` with the module `trt`, and `device`: the GPU in words."""
    precision_of(request.options, PRECISIONS)
    device = CudaDevice()

    def load(request: Request) -> EngineSession:
        options = request.options
        return EngineSession(
            trt,
            device,
            request.inputs["engine"],
            batch_sizes(options),
            *names_of(options),
        )

    return run_job(load, request) | {"device": f"{device.name} ({device.compute_capability}, {device.driver})"}
