"""Run `model.tflite` in LiteRT on the CPU.

Inputs: `model`, `tensors`. Options: `batch`, `threads`, `latency`, `precision` (of the stored weights; the arithmetic
is FP32, but for what INT8 quantises), `inputs` and `outputs` (program's name -> the model's name; absent where they are
the same), `settings` (`threads`; `xnnpack`: whether XNNPACK computes what it can, as it usually does).

Images come as [N, C, H, W] and are turned here: in the file their channels come last.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from edgeworker.protocol import Request, main
from edgeworker.ranking import flat
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
from stored_model import read_stored

IMAGE_RANK = 4


class LiteRtSession:
    """One loaded model; inputs and outputs go by the program's names, images with the channels first."""

    def __init__(
        self, path: Path, batches: list[int], settings: dict[str, Any], inputs: dict[str, str], outputs: dict[str, str]
    ) -> None:
        # LiteRT itself follows a damaged file's offsets wherever they lead.
        read_stored(path)
        self._interpreter = load_model(path, settings["threads"], xnnpack=settings.get("xnnpack", True))
        self._ports = {detail["name"]: detail for detail in self._interpreter.get_input_details()}
        self._results = {detail["name"]: detail for detail in self._interpreter.get_output_details()}
        self._inputs = port_names("inputs", inputs, list(self._ports))
        self._outputs = port_names("outputs", outputs, list(self._results))
        shapes = {name: [int(extent) for extent in detail["shape"]] for name, detail in self._ports.items()}
        check_batch(path.name, {name: shape[0] for name, shape in shapes.items()}, shapes, batches)

    def run(self, inputs: Tensors) -> Tensors:
        """Every output of one batch, under the program's names, copied out of the runtime's memory."""
        check_fed(inputs, self._inputs)
        for name, value in inputs.items():
            detail = self._ports[self._inputs[name]]
            self._interpreter.set_tensor(detail["index"], as_stored(name, value, detail))
        self._interpreter.invoke()
        return {
            name: self._interpreter.get_tensor(self._results[target]["index"]) for name, target in self._outputs.items()
        }


def load_model(path: Path, threads: int, *, xnnpack: bool = True, keep_all: bool = False) -> Interpreter:
    """A model ready to run; with `keep_all` its inner tensors can be read. Raises Refusal (input) for a bad file."""
    kind = OpResolverType.AUTO if xnnpack else OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    try:
        interpreter = Interpreter(
            model_path=str(path),
            num_threads=threads,
            experimental_op_resolver_type=kind,
            experimental_preserve_all_tensors=keep_all,
        )
        interpreter.allocate_tensors()
    except (RuntimeError, ValueError) as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        raise Refusal(f"LiteRT cannot load {path.name}: {lines[-1] if lines else error}", kind="input") from error
    return interpreter


def as_stored(name: str, value: np.ndarray, detail: dict[str, Any]) -> np.ndarray:
    """An input as the file takes it: images [N, H, W, C]. Raises Refusal (input) where it does not fit."""
    turned = value.transpose(0, 2, 3, 1) if value.ndim == IMAGE_RANK else value
    expected = [int(extent) for extent in detail["shape"]]
    if list(turned.shape) != expected:
        raise Refusal(f"the model takes {name} as {expected}, and was given {list(turned.shape)}", kind="input")
    return np.ascontiguousarray(turned, dtype=detail["dtype"])


def outputs_of(interpreter: Interpreter, name: str, calls: Iterable[np.ndarray]) -> list[np.ndarray]:
    """All outputs of each call side by side, float64; a call is the image `name`, float32 [N, C, H, W]."""
    (port,) = interpreter.get_input_details()
    # The same order in whatever was made of one file.
    results = sorted(interpreter.get_output_details(), key=lambda detail: detail["name"])
    found = []
    for photos in calls:
        interpreter.set_tensor(port["index"], as_stored(name, photos, port))
        interpreter.invoke()
        found.append(flat(interpreter.get_tensor(detail["index"]) for detail in results))
    return found


def load(request: Request) -> LiteRtSession:
    """The session that the request asks for; raises Refusal for a precision that no model of ours has."""
    options = request.options
    precision_of(options, ("fp32", "fp16", "int8"))
    return LiteRtSession(
        request.inputs["model"],
        batch_sizes(options),
        settings_of(options, {"xnnpack": bool}),
        *names_of(options),
    )


def job(request: Request) -> dict[str, Any]:
    """`run_job` with LiteRT."""
    return run_job(load, request)


if __name__ == "__main__":
    main(job, tools=("ai-edge-litert",))
