"""Weights to program: builds a PaddleClas network with given weights and writes a Paddle inference model."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from architecture import Architecture
from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal
from edgeworker.sizes import size_option
from network import Network, build
from open_batch import with_open_batch
from output_kinds import kinds
from prefixes import check_prefix, fitting_prefix, prefix_note, prefixes_of, under
from program import Port, ports, save
from settling import settle
from weights import check_fit, class_count, read_weights, set_tensors

DYNAMIC = "dynamic"
# Where the weights lack the classifier, the comparison with the published size says so best.
IMAGENET_CLASSES = 1000
UNNAMED = "a tensor of no weights"  # the head of a network without classes


def export(request: Request) -> dict[str, Any]:
    """Write `inference.pdmodel` and `inference.pdiparams`: input `x` [batch, 3, height, width], output `logits`.

    Inputs: `weights`, safetensors with PaddleClas's structured names, float16 or float32. Options:
    `architecture` (see `Architecture`), `input_size` (see `edgeworker.sizes`), `batch` (a number or "dynamic"),
    `prefix` (what the names of the weights begin with; None: found out). `notes` of the result say what was done with
    the names.
    """
    architecture = Architecture.from_option(request.options["architecture"])
    size, batch = size_option(request.options["input_size"]), _batch(request.options.get("batch", 1))
    stored = read_weights(request.inputs["weights"])
    # With one image every extent is known and each shape is checked; with any number of them some are not.
    network, prefix = _fitting(architecture, stored, request.options.get("prefix"), size, 1 if batch == -1 else batch)
    weights = under(stored, prefix)
    check_fit(network, weights)
    classes = class_count(weights, architecture.head) or IMAGENET_CLASSES
    if network.foldable:
        network = build(architecture, classes, size, max(batch, 1), weights=weights)
    set_tensors(network, weights)
    if batch == -1:
        network = with_open_batch(network, classes, size, weights)
    description = settle(save(network, request.output), request.output)
    inputs, outputs = ports(description)
    return {
        "inputs": [asdict(port) for port in inputs],
        "outputs": [asdict(port) | _kind(architecture, description, port) for port in outputs],
        "parameters": network.parameters,
        "class_count": network.output.shape[1],
        "notes": [note] if (note := prefix_note(prefix, stored, weights)) else [],
    }


def _kind(architecture: Architecture, description: Any, port: Port) -> dict[str, Any]:
    """What an output is, where it is no logits."""
    found = kinds(description)[port.name]
    if found["kind"] == "logits" and architecture.head is None:
        return {"kind": "features", "known_from": "a network without a classifier"}
    return {} if found["kind"] == "logits" else found


def _fitting(
    architecture: Architecture, stored: Mapping[str, np.ndarray], prefix: str | None, size: tuple[int, int], batch: int
) -> tuple[Network, str]:
    """The network with as many classes as the weights tell apart, and what their names begin with before its own."""
    if prefix is not None:
        check_prefix(stored, prefix)
    candidates = [prefix] if prefix is not None else prefixes_of(stored, architecture.head or UNNAMED)
    guess = candidates[0] if candidates else ""
    classes = class_count(under(stored, guess), architecture.head) or IMAGENET_CLASSES
    network = build(architecture, classes, size, batch)
    if not candidates:
        # Without a classifier: so that what is missing is said, and not every other name too.
        candidates = prefixes_of(stored, next(iter(network.shapes)))
    found = fitting_prefix(stored, network.shapes, candidates)
    own = class_count(under(stored, found), architecture.head) or IMAGENET_CLASSES
    return network if own == classes else build(architecture, own, size, batch), found


def _batch(option: int | str) -> int:
    batch = -1 if option == DYNAMIC else int(option)
    if batch != -1 and batch < 1:
        raise Refusal(f"a batch of {batch} images is none", f'Give a number from 1 up, or "{DYNAMIC}"', kind="input")
    return batch


if __name__ == "__main__":
    main(export, tools=["paddlepaddle", "paddleclas"])
