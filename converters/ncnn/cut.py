"""Cut out of an ncnn model the layers that compute some blobs from others, with their weights.

Inputs: `param`, `bin`. Options: `inputs` (blob -> its shape with the leading 1), `outputs` (blobs). Writes
`model.ncnn.param` and `model.ncnn.bin`, whose inputs and outputs have the blobs' names.
"""

from pathlib import Path
from typing import Any

from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal
from param_file import Layer, ParamFile
from weights_file import UnknownLayout, WeightsFile


def cut(request: Request) -> dict[str, Any]:
    """Raises Refusal where the weights' places in the file are not known, or a blob is needed that is not given."""
    network = ParamFile.read(request.inputs["param"])
    inputs: dict[str, list[int]] = request.options["inputs"]
    outputs: list[str] = request.options["outputs"]
    maker = {blob: layer for layer in network.layers for blob in layer.outputs}
    waiting, chosen = list(outputs), set()
    while waiting:
        blob = waiting.pop()
        if blob in inputs or maker[blob].name in chosen:
            continue
        layer = maker[blob]
        if layer.type == "Input":
            raise Refusal(f"{', '.join(outputs)} cannot be computed without {blob}", kind="input")
        chosen.add(layer.name)
        waiting += layer.inputs
    try:
        weights = WeightsFile.read(network, request.inputs["bin"])
    except UnknownLayout as unknown:
        raise Refusal(f"the weights cannot be cut: {unknown}") from unknown
    layers = [layer for layer in network.layers if layer.name in chosen]
    given = [Layer("Input", blob, [], [blob], {}) for blob in inputs]
    _write(request.output / "model.ncnn.param", [*given, *layers])
    content = memoryview(request.inputs["bin"].read_bytes())
    with (request.output / "model.ncnn.bin").open("wb") as file:
        for layer in layers:
            for tensor in weights.tensors[layer.name]:
                file.write(content[tensor.start : tensor.stop])
    return {"layers": len(layers)}


def _write(path: Path, layers: list[Layer]) -> None:
    """ncnn's text: a magic number, the counts of layers and blobs, a line for each layer."""
    blobs = {blob for layer in layers for blob in layer.outputs}
    lines = ["7767517", f"{len(layers)} {len(blobs)}"]
    for layer in layers:
        parameters = " ".join(f"{name}={value}" for name, value in layer.parameters.items())
        names = " ".join((*layer.inputs, *layer.outputs))
        lines.append(
            f"{layer.type} {layer.name} {len(layer.inputs)} {len(layer.outputs)} {names} {parameters}".rstrip()
        )
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(cut, tools=("ncnn",))
