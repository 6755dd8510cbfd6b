"""Run an ncnn model on the CPU, in FP32 unless asked otherwise.

Inputs: `param`, `bin`, `tensors`. Options: `batch`, `threads`, `latency`, `precision` ("fp32": no half
precision anywhere; "int8": the same, but for the layers that are in INT8; "fp16": weights and activations in FP16 where
the processor lets it, sums in FP32), `inputs` and
`outputs` (program's name -> ncnn's blob), `output_shapes` (program's name -> shape with the batch, such as
{"logits": [1, 1000]}), `winograd` (default true, as ncnn ships), `settings` (`threads`, and ncnn's own options
`winograd`, `sgemm`, `packing`, all true as it ships, `fp16_arithmetic`, false though it ships as true).

Winograd is where ncnn's FP32 is less exact than others': on ResNet50_vd 1.2e-4 of the largest logit with it,
2.8e-5 without it, as ONNX Runtime and OpenVINO. `winograd` = false tells such noise from a wrong conversion.

Sums in FP16 (`fp16_arithmetic`, counts in "fp16" where the processor has it) are off by up to 0.42 of the largest logit
where FP16 storage alone is off by 6e-3 (docs/toolchains.md).
"""

# A type checker without the package ncnn takes this folder, which has its name, for it.
# pyright: reportAttributeAccessIssue=false

from math import prod
from pathlib import Path
from typing import Any

import ncnn
import numpy as np
from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal
from edgeworker.runner import Tensors, check_fed, names_of, port_names, precision_of, run_job, settings_of
from param_file import ParamFile

SETTINGS = {"winograd": bool, "sgemm": bool, "packing": bool, "fp16_arithmetic": bool}
HALF_PRECISION = (
    "use_fp16_packed",
    "use_fp16_storage",
    "use_fp16_arithmetic",
    "use_bf16_packed",
    "use_bf16_storage",
)


class NcnnSession:
    """One loaded network; inputs and outputs go by the program's names.

    ncnn has no batch dimension: a batch is run sample by sample, and its latency is that of all of them.
    """

    def __init__(
        self,
        param: Path,
        weights: Path,
        settings: dict[str, Any],
        half_precision: bool,
        inputs: dict[str, str],
        outputs: dict[str, str],
        output_shapes: dict[str, list[int]],
    ) -> None:
        network = ParamFile.read(param)
        self._inputs = port_names("inputs", inputs, network.inputs())
        self._outputs = port_names("outputs", outputs, network.outputs())
        self._sample_shapes = {name: [1, *shape[1:]] for name, shape in output_shapes.items()}
        self._net = ncnn.Net()
        self._net.opt.num_threads = settings["threads"]
        self._net.opt.use_vulkan_compute = False
        self._net.opt.use_winograd_convolution = settings.get("winograd", True)
        self._net.opt.use_sgemm_convolution = settings.get("sgemm", True)
        self._net.opt.use_packing_layout = settings.get("packing", True)
        if not half_precision:
            for option in HALF_PRECISION:
                setattr(self._net.opt, option, False)
        elif not settings.get("fp16_arithmetic", False):
            self._net.opt.use_fp16_arithmetic = False
        if self._net.load_param(str(param)) != 0:
            unknown = sorted({one.type for one in network.layers if ncnn.layer_to_index(one.type) < 0})
            reason = f"it does not know the layers {', '.join(unknown)}" if unknown else "its log says why"
            raise Refusal(f"ncnn cannot load {param.name}: {reason}")
        if self._net.load_model(str(weights)) != 0:
            raise Refusal(
                f"ncnn cannot load {weights.name}: it does not fit {param.name}, or is cut short",
                kind="input",
            )

    def run(self, inputs: Tensors) -> Tensors:
        """Every output of one batch, under the program's names."""
        check_fed(inputs, self._inputs)
        count = len(next(iter(inputs.values())))
        samples = [self._run_one({name: value[index] for name, value in inputs.items()}) for index in range(count)]
        return {name: np.concatenate([sample[name] for sample in samples]) for name in self._outputs}

    def _run_one(self, sample: Tensors) -> Tensors:
        with self._net.create_extractor() as extractor:
            for name, value in sample.items():
                # A Mat made from an array borrows its memory; a clone owns its own, laid out as ncnn wants.
                mat = ncnn.Mat(np.ascontiguousarray(value, dtype=np.float32)).clone()
                if extractor.input(self._inputs[name], mat) != 0:
                    raise Refusal(f"ncnn does not take the input {self._inputs[name]} of {list(value.shape)}")
            results: Tensors = {}
            for name, blob in self._outputs.items():
                status, mat = extractor.extract(blob)
                if status != 0:
                    raise Refusal(f"ncnn failed with status {status} before {blob}; its log says where")
                # np.array copies: the extractor's memory goes with it.
                results[name] = self._shaped(name, np.array(mat, dtype=np.float32))
            return results

    def _shaped(self, name: str, value: np.ndarray) -> np.ndarray:
        """With its leading 1 again: ncnn drops the batch dimension, and some graphs keep one too many."""
        shape = self._sample_shapes.get(name)
        if shape is None:
            return value[None]
        if value.size != prod(shape):
            raise Refusal(f"ncnn gave {name} as {list(value.shape)}, which is not {shape} for one sample")
        return value.reshape(shape)


def load(request: Request) -> NcnnSession:
    """The session that the request asks for."""
    options = request.options
    precision = precision_of(options, ("fp32", "fp16", "int8"))
    return NcnnSession(
        request.inputs["param"],
        request.inputs["bin"],
        {"winograd": bool(options.get("winograd", True)), **settings_of(options, SETTINGS)},
        precision == "fp16",
        *names_of(options),
        options.get("output_shapes") or {},
    )


def job(request: Request) -> dict[str, Any]:
    """`run_job` with ncnn."""
    return run_job(load, request)


if __name__ == "__main__":
    main(job, tools=("ncnn",))
