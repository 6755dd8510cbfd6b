"""An artifact's program in Paddle Inference on the CPU, in FP32.

Inputs: `model` (.pdmodel), `weights` (.pdiparams), `tensors`. Options: `batch`, `threads`, `latency`, `precision`
("fp32"), `inputs` and `outputs` (program's name -> the artifact's; absent where they are the same), `settings`
(`threads`).
"""

from pathlib import Path
from typing import Any

from edgeworker.paddle_graph import stored_names
from edgeworker.paddle_program import read_program
from edgeworker.parameter_files import read_tensors
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
    settings_of,
)
from paddle_runtime import first_words
from predictor import computed, predictor
from program import ports, read_file


class ArtifactSession:
    """One loaded program; inputs and outputs go by the program's names."""

    def __init__(
        self,
        model: Path,
        weights: Path,
        batches: list[int],
        settings: dict[str, Any],
        names: tuple[dict[str, str], dict[str, str]],
        *,
        onednn: bool,
    ) -> None:
        check_whole(model, weights)
        inputs, outputs = ports(read_file(model))
        shapes = {port.name: port.shape for port in inputs}
        self._inputs = port_names("inputs", names[0], list(shapes))
        self._outputs = port_names("outputs", names[1], [port.name for port in outputs])
        fixed = {name: shape[0] if shape and shape[0] != -1 else None for name, shape in shapes.items()}
        check_batch(model.name, fixed, shapes, batches)
        try:
            self._predictor = predictor(model, weights, settings["threads"], onednn=onednn)
        except RuntimeError as error:
            raise Refusal(f"Paddle cannot load {model.name}: {first_words(error)}", kind="input") from error

    def run(self, inputs: Tensors) -> Tensors:
        """Every output of one batch, under the program's names."""
        check_fed(inputs, self._inputs)
        found = computed(self._predictor, {self._inputs[name]: value for name, value in inputs.items()})
        return {name: found[target] for name, target in self._outputs.items()}


def check_whole(model: Path, weights: Path) -> None:
    """Raise Refusal (input) where the files do not fit each other; Paddle takes what it finds in a damaged one."""
    if names := stored_names(read_program(model)):
        read_tensors(weights, names)


def load(request: Request, *, onednn: bool) -> ArtifactSession:
    """The session that the request asks for; raises Refusal for any other precision than FP32."""
    options = request.options
    precision_of(options, ("fp32",))
    return ArtifactSession(
        request.inputs["model"],
        request.inputs["weights"],
        batch_sizes(options),
        settings_of(options, {}),
        names_of(options),
        onednn=onednn,
    )
