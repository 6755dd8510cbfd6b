"""Run `model.onnx` in ONNX Runtime on the CPU, in the precision that it was converted to.

Inputs: `model`, `tensors`. Options: `batch`, `threads`, `latency`, `precision` (of the model), `inputs` and
`outputs` (program's name -> the model's name; absent where they are the same), `settings` (`threads`; `spinning`:
whether threads wait busily for work within a call, as they usually do; `layout`: whether convolutions may have a layout
of their own, as they usually may).
"""

from pathlib import Path
from typing import Any

import onnxruntime
from edgeworker.protocol import Request, main
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


class OnnxSession:
    """One loaded model; inputs and outputs go by the program's names."""

    def __init__(
        self, path: Path, batches: list[int], settings: dict[str, Any], inputs: dict[str, str], outputs: dict[str, str]
    ) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = settings["threads"]
        # Between calls its threads would go on spinning, for longer than a call takes, and keep whatever runs next from
        # a core: three sessions in turn, two threads each, took 11.4 ms a call instead of 4.6 (MixNet_S).
        options.add_session_config_entry("session.force_spinning_stop", "1")
        if not settings.get("spinning", True):
            options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        if not settings.get("layout", True):
            # The layout NCHWc comes with the last level alone.
            options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        shapes = {value.name: value.shape for value in self._session.get_inputs()}
        names = [value.name for value in self._session.get_outputs()]
        self._inputs = port_names("inputs", inputs, list(shapes))
        self._outputs = port_names("outputs", outputs, names)
        # A dimension that is not fixed is a string or None.
        fixed = {name: shape[0] if isinstance(shape[0], int) else None for name, shape in shapes.items()}
        check_batch(path.name, fixed, shapes, batches)

    def run(self, inputs: Tensors) -> Tensors:
        """Every output of one batch, under the program's names."""
        check_fed(inputs, self._inputs)
        fed = {self._inputs[name]: value for name, value in inputs.items()}
        values = self._session.run(list(self._outputs.values()), fed)
        return dict(zip(self._outputs, values, strict=True))


def load(request: Request) -> OnnxSession:
    """The session that the request asks for; raises Refusal for a precision that no model of ours has."""
    options = request.options
    precision_of(options, ("fp32", "fp16", "int8"))
    settings = settings_of(options, {"spinning": bool, "layout": bool})
    return OnnxSession(request.inputs["model"], batch_sizes(options), settings, *names_of(options))


def job(request: Request) -> dict[str, Any]:
    """`run_job` with ONNX Runtime."""
    return run_job(load, request)


if __name__ == "__main__":
    main(job, tools=("onnxruntime",))
