"""SmoothQuant in an IR: factors that activations are multiplied by, and weights that were divided by them.

G. Xiao et al., "SmoothQuant: Accurate and Efficient Post-Training Quantization for Large Language Models", ICML 2023,
equation 3: `X W = (X diag(s)^-1) (diag(s) W)`. A file stores `1 / s` for the activation and integers for `s W`, so that
an integer times its scale times its input channel's factor is the program's weight.
"""

from collections.abc import Collection
from pathlib import Path
from xml.etree.ElementTree import Element

from ir_file import parsed

WIDENING = ("Convert", "Subtract", "Multiply")


def smoothings(xml: Path, chosen: Collection[str]) -> dict[str, tuple[str, int]]:
    """The constants of integers whose weights were divided -> the name of the constant of factors, and the axis of the
    input channels.

    A factor is a constant of the record of the quantisation (`chosen`), by which what a product reads is multiplied.
    """
    root = parsed(xml)
    layers = {str(layer.get("id")): layer for layer in root.iter("layer")}
    sources: dict[str, list[str]] = {}
    for edge in sorted(root.iter("edge"), key=lambda edge: int(edge.get("to-port") or 0)):
        sources.setdefault(str(edge.get("to-layer")), []).append(str(edge.get("from-layer")))
    found = {}
    for number, layer in layers.items():
        if layer.get("type") != "MatMul" or len(sources.get(number, [])) != 2:
            continue
        activation, weight = sources[number]
        factor = factor_of(activation, layers, sources)
        integers = constant_behind(weight, layers, sources)
        if factor in chosen and integers:
            data = layer.find("data")
            turned = data is not None and data.get("transpose_b") == "true"
            found[integers] = factor, -1 if turned else -2
    return found


def factor_of(number: str, layers: dict[str, Element], sources: dict[str, list[str]]) -> str:
    """The constant that a product's activation is multiplied by last; empty where there is none."""
    if layers[number].get("type") == "FakeQuantize":
        number = sources[number][0]
    if layers[number].get("type") != "Multiply" or len(sources[number]) != 2:
        return ""
    other = sources[number][1]
    return name_of(layers[other], other) if layers[other].get("type") == "Const" else ""


def constant_behind(number: str, layers: dict[str, Element], sources: dict[str, list[str]]) -> str:
    """The constant of integers that a weight is widened from; empty where it is computed otherwise."""
    while layers[number].get("type") in WIDENING:
        number = sources[number][0]
    return name_of(layers[number], number) if layers[number].get("type") == "Const" else ""


def name_of(layer: Element, number: str) -> str:
    """What a layer is called, as `ir_file` has it."""
    return layer.get("name") or number
