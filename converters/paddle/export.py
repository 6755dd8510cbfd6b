# /// script
# requires-python = ">=3.10,<3.13"
# dependencies = [
#     "paddlepaddle==2.6.2",
#     "paddleclas==2.6.0",
#     "numpy==1.26.4",
#     "safetensors==0.8.0",
#     "anyio==4.16.0",
#     "astor==0.8.1",
#     "certifi==2026.10.18",
#     "decorator==5.3.1",
#     "exceptiongroup==1.3.1 ; python_version < '3.11'",
#     "h11==0.16.0",
#     "httpcore==1.0.9",
#     "httpx==0.28.1",
#     "idna==3.20",
#     "opt-einsum==3.3.0",
#     "pillow==12.3.0",
#     "protobuf==7.36.2",
#     "setuptools==84.2.1",
#     "typing-extensions==4.16.0",
# ]
#
# [tool.uv]
# # PaddleClas asks for an old numpy and for what its training and retrieval need; a network's own file needs none.
# override-dependencies = [
#     "numpy==1.26.4",
#     "easydict ; python_version < '3'",
#     "faiss-cpu ; python_version < '3'",
#     "gast ; python_version < '3'",
#     "opencv-python ; python_version < '3'",
#     "prettytable ; python_version < '3'",
#     "pyyaml ; python_version < '3'",
#     "scikit-learn ; python_version < '3'",
#     "scipy ; python_version < '3'",
#     "tqdm ; python_version < '3'",
#     "ujson ; python_version < '3'",
#     "visualdl ; python_version < '3'",
# ]
# ///
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
