"""Run OpenVINO IR on the CPU, computing in FP32 whatever the CPU offers.

Inputs: `model` (the .xml), `weights` (the .bin; absent where it lies beside the .xml), `tensors`. Options:
`batch`, `threads`, `latency`, `precision` (of the stored weights, "fp32", "fp16" or "int8"; the arithmetic is FP32,
but for what INT8 quantises), `inputs` and `outputs` (program's name -> the model's name; absent where they are the
same), `settings` (`threads`; `pinning`: whether threads stay on one core each; `hint`: "latency" as usual, or
"throughput").
"""

# A type checker without the package openvino takes this folder, which has its name, for it.
# pyright: reportAttributeAccessIssue=false

from pathlib import Path
from typing import Any

import numpy as np
import openvino
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


class OpenVinoSession:
    """One compiled model; inputs and outputs go by the program's names."""

    def __init__(
        self,
        path: Path,
        weights: Path,
        batches: list[int],
        settings: dict[str, Any],
        inputs: dict[str, str],
        outputs: dict[str, str],
    ) -> None:
        core = openvino.Core()
        try:
            model = core.read_model(path, weights)
        except RuntimeError as error:
            last = [line for line in str(error).splitlines() if line.strip()][-1]
            raise Refusal(f"OpenVINO cannot read {path.name}: {last}", kind="input") from error
        shapes = {port.get_any_name(): port.get_partial_shape() for port in model.inputs}
        names = [port.get_any_name() for port in model.outputs]
        self._inputs = port_names("inputs", inputs, list(shapes))
        self._outputs = port_names("outputs", outputs, names)
        fixed = {name: shape[0].get_length() if shape[0].is_static else None for name, shape in shapes.items()}
        check_batch(path.name, fixed, {name: str(shape) for name, shape in shapes.items()}, batches)
        options: dict[str, Any] = {
            # Without it the CPU plugin picks bf16 or f16 where the CPU has them.
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": settings["threads"],
            "PERFORMANCE_HINT": str(settings.get("hint", "latency")).upper(),
        }
        if "pinning" in settings:
            options["ENABLE_CPU_PINNING"] = settings["pinning"]
        try:
            compiled = core.compile_model(model, "CPU", options)
        except RuntimeError as error:
            if not set(settings) - {"threads"}:
                raise
            last = [line for line in str(error).splitlines() if line.strip()][-1]
            raise Refusal(f"OpenVINO does not take the settings {settings}: {last}", kind="input") from error
        self._request = compiled.create_infer_request()

    def run(self, inputs: Tensors) -> Tensors:
        """Every output of one batch, under the program's names, copied out of the runtime's memory."""
        check_fed(inputs, self._inputs)
        self._request.infer({self._inputs[name]: value for name, value in inputs.items()})
        return {name: np.array(self._request.get_tensor(target).data) for name, target in self._outputs.items()}


def load(request: Request) -> OpenVinoSession:
    """The session that the request asks for; raises Refusal for a precision that no IR of ours has."""
    options = request.options
    precision_of(options, ("fp32", "fp16", "int8"))
    model = request.inputs["model"]
    settings = settings_of(options, {"pinning": bool, "hint": str})
    if options.get("stream") or options.get("serve"):
        # Several run beside each other then, and each would keep to the same first core.
        settings["pinning"] = False
    return OpenVinoSession(
        model,
        request.inputs.get("weights", model.with_suffix(".bin")),
        batch_sizes(options),
        settings,
        *names_of(options),
    )


def job(request: Request) -> dict[str, Any]:
    """`run_job` with OpenVINO."""
    return run_job(load, request)


if __name__ == "__main__":
    main(job, tools=("openvino",))
