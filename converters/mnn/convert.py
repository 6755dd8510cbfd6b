"""`model.onnx` to `model.mnn`, by MNN's own converter.

Inputs: `onnx`. Options: `precision` ("fp32"; "fp16": the weights of convolutions and products stored in half precision,
which MNN widens when it loads them; "int8-weights": stored in 8 bits, with a lowest value and a step for each channel,
and widened too), `batch` (what the model must have been exported for; nothing is checked for None, and "dynamic" is
written down), `rewrites` (there are none).

MNN's commands `mnnconvert` and `mnnquant` are not used: at each start they install a package with whatever pip is on
the PATH, and report what they do. The native function behind them, which is called here, does neither. It returns True
whatever becomes of the model, so the file that it leaves is read here, to the last byte.
"""

import hashlib
import re
from pathlib import Path
from typing import Any

import _tools
from edgeworker.caught_output import caught_output
from edgeworker.flat_reader import Damaged
from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal
from edgeworker.whole import NotWhole
from mnn_file import MnnFile, open_batch, set_id

PRECISIONS: dict[str, list[str]] = {
    "fp32": [],
    "fp16": ["--fp16"],
    "int8-weights": ["--weightQuantBits", "8"],
}
# Without these MNN computes a gelu by a formula with tanh, off by up to 5e-4, and takes the smallest numbers for zeros.
EXACT = ["--useGeluApproximation", "0", "--alignDenormalizedValue", "0"]
# A convolution in groups stays one, and is no convolution for each group: as fast, and a file of fewer parts.
WHOLE = ["--groupConvNative"]
LACKING = re.compile(r"These Op Not Support:(.*)")


def convert(request: Request) -> dict[str, Any]:
    """Write `model.mnn`; returns `io`, `inputs`, `outputs` (name, shape, dtype), `rewrites`, `layers` (type -> count).

    Raises Refusal for an operator that MNN does not have, and where it leaves no model.
    """
    options = request.options
    precision = options.get("precision", "fp32")
    if precision not in PRECISIONS:
        raise Refusal(f"MNN models are written in {' or '.join(PRECISIONS)}, not {precision}", kind="input")
    if names := options.get("rewrites"):
        raise Refusal(f"there is no MNN rewrite {names[0]!r}; there are none", kind="input")
    path = request.output / "model.mnn"
    run_converter(request.inputs["onnx"], path, PRECISIONS[precision])
    if options.get("batch") == "dynamic":
        open_batch(path)
    network = _read_whole(path)
    _give_identity(path, request.inputs["onnx"], precision)
    if not network.inputs or not network.outputs:
        raise Refusal("MNN left a model without an input or an output; its log says why")
    batch = options.get("batch")
    for name, shape in network.inputs.items():
        if isinstance(batch, int) and shape[:1] != [batch]:
            raise Refusal(f"input {name!r} of the ONNX model is {shape}, which is not for batch {batch}", kind="input")
    layers: dict[str, int] = {}
    for operator in network.operators:
        layers[operator.type] = layers.get(operator.type, 0) + 1
    return {
        "io": {
            "inputs": {name: name for name in network.inputs},
            "outputs": {name: name for name in network.outputs},
        },
        "inputs": [{"name": name, "shape": shape, "dtype": "float32"} for name, shape in network.inputs.items()],
        "outputs": [{"name": name, "shape": None, "dtype": "float32"} for name in network.outputs],
        "rewrites": [],
        "layers": layers,
    }


def run_converter(onnx: Path, output: Path, flags: list[str]) -> None:
    """What MNN's converter makes of an ONNX model, in this process; its log goes to the standard output.

    Raises Refusal where it leaves no file, with the operators that it lacks.
    """
    files = ["--modelFile", str(onnx), "--MNNModel", str(output)]
    arguments = ["mnnconvert", "-f", "ONNX", *files, "--bizCode", "edgekit", *EXACT, *WHOLE, *flags]
    _tools.mnnconvert(arguments)
    if output.is_file():
        return
    # Once more, to read what it says: were it caught the first time, a crash would leave no log.
    log = caught_output(lambda: _tools.mnnconvert(arguments))
    if lacking := LACKING.search(log):
        names = sorted({name.removeprefix("ONNX::") for name in re.split(r"[\s|,]+", lacking[1]) if name})
        raise Refusal(f"MNN cannot convert the operator {', '.join(names)}", kind="operators")
    said = [line.strip() for line in log.splitlines() if line.strip()]
    raise Refusal(f"MNN could not convert {onnx.name}: {said[-1] if said else 'it does not say why'}")


def _read_whole(path: Path) -> MnnFile:
    """The model that MNN wrote. Raises NotWhole where it ends too early, which MNN does not look at."""
    try:
        network = MnnFile.read(path)
        for operator in network.operators:
            operator.tensors()
    except (Refusal, Damaged) as damaged:
        raise NotWhole(str(damaged)) from None
    return network


def _give_identity(path: Path, onnx: Path, precision: str) -> None:
    """The same model again is the same file: MNN draws an identity at random."""
    with onnx.open("rb") as file:
        source = hashlib.file_digest(file, "sha256").hexdigest()
    set_id(path, hashlib.sha256(f"{source} {precision}".encode()).hexdigest())


if __name__ == "__main__":
    main(convert, tools=("mnn",))
