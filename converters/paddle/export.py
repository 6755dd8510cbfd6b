"""Weights to program: builds a PaddleClas network with given weights and writes a Paddle inference model."""

from dataclasses import asdict
from typing import Any

from edgeworker.protocol import Refusal, Request, main
from network import Architecture, build
from program import ports, save
from weights import check_fit, class_count, read_weights, set_tensors

DYNAMIC = "dynamic"
# Where the weights lack the classifier, the comparison with the published size says so best.
IMAGENET_CLASSES = 1000


def export(request: Request) -> dict[str, Any]:
    """Write `inference.pdmodel` and `inference.pdiparams`: input `x` [batch, 3, size, size], output `logits`.

    Inputs: `weights`, safetensors with PaddleClas's structured names, float16 or float32. Options:
    `architecture` (see `Architecture`), `input_size` in pixels, `batch` (a number or "dynamic").
    """
    architecture = Architecture.from_option(request.options["architecture"])
    size, batch = int(request.options["input_size"]), _batch(request.options.get("batch", 1))
    if size < 1:
        raise Refusal(f"the input size {size} is not a number of pixels", kind="input")
    weights = read_weights(request.inputs["weights"])
    classes = class_count(weights, architecture.head) or IMAGENET_CLASSES
    # With one image every extent is known and each shape is checked; with any number of them some are not.
    network = build(architecture, classes, size, 1 if batch == -1 else batch)
    check_fit(network, weights)
    if batch == -1:
        network = build(architecture, classes, size, batch)
    set_tensors(network, weights)
    inputs, outputs = ports(save(network, request.output))
    return {
        "inputs": [asdict(port) for port in inputs],
        "outputs": [asdict(port) for port in outputs],
        "parameters": network.parameters,
        "class_count": classes,
    }


def _batch(option: int | str) -> int:
    batch = -1 if option == DYNAMIC else int(option)
    if batch != -1 and batch < 1:
        raise Refusal(f"a batch of {batch} images is none", f'Give a number from 1 up, or "{DYNAMIC}"', kind="input")
    return batch


if __name__ == "__main__":
    main(export, tools=["paddlepaddle", "paddleclas"])
