"""`model.onnx` to `model.tflite` by onnx2tf's direct writer, which needs no TensorFlow.

Inputs: `onnx`. Options: `batch` (a number: "dynamic" is refused), `precision` ("fp32"), `rewrites` (names; see the
folder `rewrites`).

An image's channels come last in the file, as LiteRT's kernels want them: `layouts` in the details says so, and the
runner turns what edgekit hands it, [N, C, H, W]. Outputs keep the program's order of axes.
"""

import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import onnx
from channels_last import turn
from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal
from fixed_shapes import fix
from guesses import turn_off
from lost_tensors import restore
from model_file import kind_of, name_of, read_model, write_model
from onnx2tf.tflite_builder import export_tflite_model_flatbuffer_direct
from rewriting import rewritten

NHWC = "NHWC"
IMAGE_RANK = 4
LOWER_PRECISION = b"reduced_precision_support"
"""onnx2tf marks every model with it, which allows an engine to compute in FP16 where a processor can."""


def convert(request: Request) -> dict[str, Any]:
    """Write `model.tflite`.

    Returns `io`, `layouts` (of inputs whose axes are in another order than the program's), `inputs` and `outputs`
    (name, shape and dtype in the file), `rewrites` (reports), `fixed` (shapes that `fixed_shapes.py` has filled in),
    `restored` (tensors that `lost_tensors.py` has made again), `turned` (operators that `channels_last.py` has laid
    out anew), `layers` (type -> count) and `seconds` per step. Raises Refusal for shapes that are not fixed, and for
    what onnx2tf cannot write.
    """
    options = request.options
    if (precision := options.get("precision", "fp32")) != "fp32":
        raise Refusal(f"onnx2tf's files are written in fp32, not {precision}", kind="input")
    source = onnx.load(request.inputs["onnx"])
    _check_fixed(source)
    seconds: dict[str, float] = {}

    started = time.perf_counter()
    reports = rewritten(source, options.get("rewrites") or [])
    seconds["rewrites"] = time.perf_counter() - started

    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="onnx2tf-", dir=request.output) as scratch:
        model = read_model(_export(source, Path(scratch)))
    seconds["onnx2tf"] = time.perf_counter() - started

    started = time.perf_counter()
    fixed = fix(model)
    restored = restore(model)
    turned = turn(model)
    model.metadata = [entry for entry in model.metadata or [] if entry.name != LOWER_PRECISION]
    write_model(model, request.output / "model.tflite")
    seconds["write"] = time.perf_counter() - started
    graph = model.subgraphs[0]
    inputs = [_port(graph.tensors[index]) for index in graph.inputs]
    outputs = [_port(graph.tensors[index]) for index in graph.outputs]
    return {
        "io": {
            "inputs": _matched(source.graph.input, inputs, "inputs"),
            "outputs": _matched(source.graph.output, outputs, "outputs"),
        },
        "layouts": {port["name"]: NHWC for port in inputs if len(port["shape"]) == IMAGE_RANK},
        "inputs": inputs,
        "outputs": outputs,
        "rewrites": reports,
        "fixed": fixed,
        "restored": restored,
        "turned": turned,
        "layers": dict(Counter(kind_of(model, operator) for operator in graph.operators)),
        "seconds": seconds,
    }


def _check_fixed(model: onnx.ModelProto) -> None:
    for value in model.graph.input:
        if not all(dim.HasField("dim_value") for dim in value.type.tensor_type.shape.dim):
            raise Refusal(
                f"onnx2tf writes shapes into the layers, and those of the input {value.name} are not fixed",
                "Convert it with a fixed batch, such as --batch 1",
                kind="input",
            )


def _export(model: onnx.ModelProto, folder: Path) -> Path:
    """The FP32 file that onnx2tf writes into `folder`, among others."""
    turn_off()
    try:
        written = export_tflite_model_flatbuffer_direct(
            output_folder_path=str(folder),
            output_file_name="model",
            onnx_graph=model,
            flatbuffer_direct_show_progress=False,
        )
    except NotImplementedError as error:
        raise Refusal(f"onnx2tf cannot write it: {_first_line(error)}", kind="operators") from error
    except (RuntimeError, ValueError) as error:
        raise Refusal(f"onnx2tf failed: {_first_line(error)}") from error
    return Path(written["float32_tflite_path"])


def _first_line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


def _port(tensor: Any) -> dict[str, Any]:
    return {"name": name_of(tensor), "shape": [int(extent) for extent in tensor.shape], "dtype": "float32"}


def _matched(values: Any, ports: list[dict[str, Any]], kind: str) -> dict[str, str]:
    """The program's names -> the file's, which are the same; each shape the program's, but images turned."""
    expected = {value.name: [dim.dim_value for dim in value.type.tensor_type.shape.dim] for value in values}
    found = {port["name"]: port["shape"] for port in ports}
    if kind == "inputs":
        expected = {name: channels_last(shape) for name, shape in expected.items()}
    if found != expected:
        raise Refusal(f"the {kind} of the ONNX model should become {expected}, and onnx2tf wrote {found}")
    return {name: name for name in expected}


def channels_last(shape: list[int]) -> list[int]:
    """[N, C, H, W] as [N, H, W, C]; other shapes as they are."""
    if len(shape) != IMAGE_RANK:
        return shape
    batch, channels, height, width = shape
    return [batch, height, width, channels]


if __name__ == "__main__":
    main(convert, tools=("onnx2tf", "ai-edge-litert", "onnx"))
