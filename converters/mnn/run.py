"""Run a `.mnn` model on the CPU, in FP32.

Inputs: `model`, `tensors`. Options: `batch`, `threads`, `latency`, `precision` (of the stored weights, "fp32",
"fp16" or "int8-weights"; the arithmetic is FP32), `inputs` and `outputs` (program's name -> MNN's), `settings`
(`threads`; `winograd`, default false: the larger of Winograd's transforms, which MNN ships as true; `memory`: "normal"
as it ships, "low" or "high"; `precision`: "high" as here, "normal" as it ships, "low": FP16 where the processor has
it).

MNN's larger transforms are where its FP32 is less exact than others': ResNet18 is off by 1.6e-4 of the largest logit
with them, by 5e-6 without.
"""

import platform
from pathlib import Path
from typing import Any

import MNN
import numpy as np
from edgeworker.protocol import Request, main
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
    settings_of,
)
from exponentials import exponentials
from mnn_file import MnnFile

PRECISIONS = ("fp32", "fp16", "int8-weights")
SETTINGS = {"winograd": bool, "memory": str, "precision": str}
CHOICES = {"memory": ("normal", "low", "high"), "precision": ("normal", "low", "high")}
# Interpreter.hpp, HintMode: how many sizes of Winograd's transforms are tried; 0 leaves the smallest.
WINOGRAD_MEMORY_LEVEL, SMALLEST = 3, 0


class MnnSession:
    """One loaded model; inputs and outputs go by the program's names."""

    def __init__(
        self,
        path: Path,
        batches: list[int],
        settings: dict[str, Any],
        inputs: dict[str, str],
        outputs: dict[str, str],
    ) -> None:
        # MNN itself reads a damaged file without a word, and beyond its end.
        network = MnnFile.read(path)
        self._inputs = port_names("inputs", inputs, list(network.inputs))
        self._outputs = port_names("outputs", outputs, network.outputs)
        fixed = {name: shape[0] if shape and shape[0] > 0 else None for name, shape in network.inputs.items()}
        check_batch(path.name, fixed, network.inputs, batches)
        self._network = MNN.Interpreter(str(path))
        if not settings.get("winograd", False):
            self._network.setSessionHint(WINOGRAD_MEMORY_LEVEL, SMALLEST)
        self._session = self._network.createSession(
            {
                "backend": "CPU",
                "numThread": settings["threads"],
                "precision": settings.get("precision", "high"),
                "memory": settings.get("memory", "normal"),
            }
        )
        self._shapes: dict[str, tuple[int, ...]] = {}

    def run(self, inputs: Tensors) -> Tensors:
        """Every output of one batch, under the program's names, copied out of the runtime's memory."""
        check_fed(inputs, self._inputs)
        shapes = {name: value.shape for name, value in inputs.items()}
        if shapes != self._shapes:
            for name, shape in shapes.items():
                self._network.resizeTensor(self._network.getSessionInput(self._session, self._inputs[name]), shape)
            self._network.resizeSession(self._session)
            self._shapes = shapes
        for name, value in inputs.items():
            self._network.getSessionInput(self._session, self._inputs[name]).copyFrom(as_tensor(value))
        if self._network.runSession(self._session) != 0:
            raise Refusal("MNN failed while it ran; its log says where")
        return {
            name: as_array(self._network.getSessionOutput(self._session, target))
            for name, target in self._outputs.items()
        }


def as_tensor(value: np.ndarray) -> Any:
    """An array as MNN takes it, with its axes in the order that they have."""
    plain = np.ascontiguousarray(value, dtype=np.float32)
    return MNN.Tensor(plain.shape, MNN.Halide_Type_Float, plain, MNN.Tensor_DimensionType_Caffe)


def as_array(tensor: Any) -> np.ndarray:
    """A tensor of MNN's, which may keep channels in blocks of four, as a plain array of its own."""
    shape = tensor.getShape()
    plain = MNN.Tensor(shape, MNN.Halide_Type_Float, np.zeros(shape, np.float32), MNN.Tensor_DimensionType_Caffe)
    tensor.copyToHostTensor(plain)
    return np.array(plain.getNumpyData(), np.float32).reshape(shape)


def load(request: Request) -> MnnSession:
    """The session that the request asks for."""
    options = request.options
    precision_of(options, PRECISIONS)
    settings = settings_of(options, SETTINGS)
    for name, known in CHOICES.items():
        if (chosen := settings.get(name, known[0])) not in known:
            raise Refusal(f"MNN's {name} is {', '.join(known[:-1])} or {known[-1]}, not {chosen}", kind="input")
    return MnnSession(
        request.inputs["model"],
        batch_sizes(options),
        settings,
        *names_of(options),
    )


def job(request: Request) -> dict[str, Any]:
    """`run_job` with MNN; `found` in the details says whether its exponentials are those of FP32."""
    details = run_job(load, request)
    if "model" not in request.inputs:  # several versions, timed in turn
        return details
    network = MnnFile.read(request.inputs["model"])
    return {**details, "found": {"exponentials": exponentials(network, platform.machine())}}


if __name__ == "__main__":
    main(job, tools=("mnn",))
