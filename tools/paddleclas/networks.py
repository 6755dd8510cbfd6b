"""Builds networks of PaddleClas and says what a catalog must know of each; runs in `converters/paddle`'s environment.

    PYTHONPATH=converters/lib:converters/paddle .../bin/python tools/paddleclas/networks.py < REQUESTS > FACTS

A request is one line of JSON: an `architecture` as the workers take it (its `head` is not known yet), its `size`, how
many `classes`. One line answers it: `parameters`, `head`, `last`, `class_argument`, `outputs` (the width of the
output), or an `error`.
"""

import inspect
import json
import sys
from dataclasses import replace
from typing import Any

from architecture import Architecture
from edgeworker.refusal import Refusal
from network import Network, build
from paddle_runtime import first_words
from paddleclas_loader import load_factory

OTHER_CLASSES = 7  # what differs from a network of so many is the classifier
CLASS_ARGUMENTS = ("class_num", "num_classes")


def facts(architecture: Architecture, size: tuple[int, int], classes: int) -> dict[str, Any]:
    """What is known of a network once it is built for so many classes: see the module's docstring."""
    argument = class_argument(architecture)
    architecture = replace(architecture, class_argument=argument)
    network = build(architecture, classes, size, 1)
    if argument is None:
        return {"parameters": network.parameters, "class_argument": None, "outputs": network.output.shape[1]}
    other = build(architecture, OTHER_CLASSES, size, 1).shapes
    used = needed(network)
    dependent = [
        name for name, shape in network.shapes.items() if shape != other[name] and network.tensors[name].name in used
    ]
    heads = [name for name in dependent if name.endswith(".weight") and len(network.shapes[name]) > 1]
    norms = [name.removesuffix("._mean") for name in dependent if name.endswith("._mean")]
    return {
        "parameters": network.parameters,
        "class_argument": argument if heads else None,
        "head": heads[0] if heads else None,
        "last": norms or [name.removesuffix(".weight") for name in heads],
        "outputs": network.output.shape[1],
    }


def class_argument(architecture: Architecture) -> str | None:
    """What the constructor calls the number of classes; None where it takes none."""
    if architecture.neck is not None or architecture.class_argument == "":
        return None
    taken = inspect.signature(load_factory(architecture.module, architecture.factory)).parameters
    named = next((name for name in CLASS_ARGUMENTS if name in taken), None)
    open_ended = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in taken.values())
    return named or (CLASS_ARGUMENTS[0] if open_ended else None)


def needed(network: Network) -> set[str]:
    """The names of all variables that the output is computed from."""
    wanted = {network.output.name}
    for op in reversed(network.program.global_block().ops):
        if wanted.intersection(op.output_arg_names):
            wanted.update(op.input_arg_names)
    return wanted


def main() -> None:
    """Answer every request on standard input."""
    for line in sys.stdin:
        request = json.loads(line)
        try:
            size = request["size"]
            sides = (size, size) if isinstance(size, int) else tuple(size)
            answer = facts(Architecture.from_option(request["architecture"]), sides, request["classes"])
        except Refusal as refusal:
            answer = {"error": refusal.message}
        # PaddleClas's constructors fail in many ways, and each is an answer here.
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {first_words(error)}"}
        print(json.dumps({"name": request["architecture"]["name"], **answer}), flush=True)


if __name__ == "__main__":
    main()
