"""`model.onnx` to ncnn: rewrites, then pnnx, then a look at whether ncnn can load what pnnx wrote.

Inputs: `onnx`. Options: `batch` (1; others are refused), `precision` ("fp32"; "fp16" stores half precision), `rewrites`
(names; see the folder `rewrites`), `timeout` (seconds that pnnx may take, default 600).

pnnx ends with status 0 whatever becomes of the model. So its files, the layers in them and the number and
shapes of inputs and outputs are checked here; the numbers are left to verification.
"""

# A type checker without the package ncnn takes this folder, which has its name, for it.
# pyright: reportAttributeAccessIssue=false

import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import ncnn
import onnx
from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal
from edgeworker.whole import NotWhole
from onnx_graph import OnnxGraph
from param_file import ParamFile
from pnnx_process import Conversion, run_pnnx
from rewriting import chosen_rewrites, rewrite_graph
from weights_file import Unfit, UnknownLayout, WeightsFile

_PRECISIONS = ("fp32", "fp16")


def convert(request: Request) -> dict[str, Any]:
    """Write `model.ncnn.param` and `model.ncnn.bin`.

    Returns `io` (program's names to ncnn's in0, out0, ...), `inputs` and `outputs` (name, shape and dtype in
    the ONNX model), `rewrites` (reports), `layers` (type -> count), `warnings` (pnnx's lines) and `seconds`
    per step.
    Raises Refusal for a graph with several batches or open shapes, and for what ncnn cannot load.
    """
    options = request.options
    precision = options.get("precision", "fp32")
    if precision not in _PRECISIONS:
        raise Refusal(f"ncnn models are written in {' or '.join(_PRECISIONS)}, not {precision}", kind="input")
    chosen = chosen_rewrites(options.get("rewrites") or [])
    if (batch := options.get("batch", 1)) != 1:
        raise Refusal(
            f"ncnn has no batch dimension, and --batch {batch} is asked for",
            "Convert it with batch 1, and run the samples of a batch one after another",
            kind="input",
        )
    seconds: dict[str, float] = {}

    started = time.perf_counter()
    graph = OnnxGraph(onnx.load(request.inputs["onnx"]))
    inputs, outputs = graph.input_shapes(), graph.output_shapes()
    _check_batch(inputs)
    reports = rewrite_graph(graph, chosen)
    seconds["rewrites"] = time.perf_counter() - started

    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="pnnx-", dir=request.output) as scratch:
        onnx.save(graph.model, Path(scratch) / "model.onnx")
        conversion = run_pnnx(
            Path(scratch), list(inputs.values()), precision == "fp16", float(options.get("timeout", 600))
        )
        param = _read_whole(conversion)
        _check_layers(param, reports)
        io = _io_map(param, conversion, inputs, outputs)
        for path in (conversion.param, conversion.bin):
            shutil.move(path, request.output / path.name)  # where the kernel lets no worker rename, a copy
    seconds["pnnx"] = time.perf_counter() - started
    return {
        "io": io,
        "inputs": [{"name": name, "shape": shape, "dtype": "float32"} for name, shape in inputs.items()],
        "outputs": [{"name": name, "shape": shape, "dtype": "float32"} for name, shape in outputs.items()],
        "rewrites": reports,
        "layers": param.layer_counts(),
        "warnings": conversion.warnings,
        # ncnn's option that an app must set: its default, sums in FP16, is far off on some networks.
        "build": {"use_fp16_arithmetic": "false"} if precision == "fp16" else {},
        "seconds": seconds,
    }


def _read_whole(conversion: Conversion) -> ParamFile:
    """The network that pnnx wrote. Raises NotWhole where its files end too early, which pnnx does not look at."""
    try:
        param = ParamFile.read(conversion.param)
    except Refusal as refusal:
        raise NotWhole(f"{conversion.param.name} was not written whole: {refusal.message}") from None
    try:
        WeightsFile.read(param, conversion.bin)
    except Unfit as cut:
        raise NotWhole(f"{conversion.bin.name} was not written whole: {cut}") from None
    except UnknownLayout:
        # Of layers that the reader does not know only ncnn itself can tell.
        network = ncnn.Net()
        if network.load_param(str(conversion.param)) == 0 and network.load_model(str(conversion.bin)) != 0:
            raise NotWhole(f"{conversion.bin.name} was not written whole: ncnn cannot load it") from None
    return param


def _check_batch(inputs: dict[str, list[int]]) -> None:
    for name, shape in inputs.items():
        if not shape or shape[0] != 1:
            raise Refusal(
                f"ncnn has no batch dimension: input {name!r} is {shape}, and its first dimension must be 1",
                "Convert it with batch 1, and run the samples of a batch one after another",
                kind="input",
            )


def _check_layers(param: ParamFile, reports: list[dict[str, Any]]) -> None:
    """pnnx leaves what it cannot lower under its own names; ncnn refuses such a file only on loading it."""
    unknown = [layer for layer in param.layers if ncnn.layer_to_index(layer.type) < 0]
    if unknown:
        kinds = {layer.type: [other for other in unknown if other.type == layer.type] for layer in unknown}
        listed = "; ".join(f"{kind} ({len(layers)}x, first: {layers[0].place})" for kind, layers in kinds.items())
        remedy = "The graph needs a rewrite before pnnx; ncnn holds at most 4 dimensions besides the batch"
        refused = [f"{report['name']}: {reason}" for report in reports for reason in report["refused"]]
        if refused:
            more = f" (and {len(refused) - 1} more)" if len(refused) > 1 else ""
            remedy += f". A rewrite did not apply: {refused[0]}{more}"
        raise Refusal(f"pnnx left layers that ncnn does not know: {listed}", remedy)


def _io_map(
    param: ParamFile, conversion: Conversion, inputs: dict[str, list[int]], outputs: dict[str, list[int]]
) -> dict[str, dict[str, str]]:
    """pnnx numbers the blobs in the ONNX graph's order and drops the names: count and shapes must agree."""
    for kind, names, blobs, shapes, found in (
        ("inputs", list(inputs), param.inputs(), list(inputs.values()), conversion.input_shapes),
        ("outputs", list(outputs), param.outputs(), list(outputs.values()), conversion.output_shapes),
    ):
        prefix = kind.removesuffix("puts")
        if sorted(blobs) != sorted(f"{prefix}{index}" for index in range(len(names))):
            raise Refusal(f"the ONNX model's {kind} are {names}, those that pnnx wrote {blobs}")
        if shapes != found:
            raise Refusal(f"the {kind} {names} are {shapes} in the ONNX model and {found} after pnnx")
    return {
        "inputs": {name: f"in{index}" for index, name in enumerate(inputs)},
        "outputs": {name: f"out{index}" for index, name in enumerate(outputs)},
    }


if __name__ == "__main__":
    main(convert, tools=("pnnx", "ncnn", "onnx"))
