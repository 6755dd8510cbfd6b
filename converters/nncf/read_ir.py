"""An OpenVINO network as NNCF must see it, with layers whose names are the same each time it is read."""

# A type checker without these packages takes folders of their names for them.
# pyright: reportAttributeAccessIssue=false

from pathlib import Path

import openvino
from openvino._offline_transformations import apply_moc_transformations

WEIGHTED = ("Convolution", "GroupConvolution", "ConvolutionBackpropData", "GroupConvolutionBackpropData", "MatMul")


def read_ir(xml: Path, binary: Path) -> openvino.Model:
    """The network with batch norms in its convolutions, and weights that are computed from constants as constants.

    So does the plugin when it compiles a model, but NNCF must see it. OpenVINO numbers the layers that it makes of
    others anew each time: here they have the names of those in the file, else their type and place.
    """
    model = openvino.Core().read_model(xml, binary)
    known = {node.get_friendly_name() for node in model.get_ordered_ops()}
    # Names and shapes alone: the layers themselves go.
    before = [(node.get_friendly_name(), shape_of(node)) for node in weighted(model)]
    apply_moc_transformations(model, cf=True)
    after = weighted(model)
    if [shape_of(node) for node in after] == [shape for _, shape in before]:
        for node, (name, _) in zip(after, before, strict=True):
            node.set_friendly_name(name)
    for place, node in enumerate(node for node in model.get_ordered_ops() if node.get_type_name() != "Constant"):
        if node.get_friendly_name() not in known:
            node.set_friendly_name(f"{node.get_type_name()}.{place}")
    return model


def weighted(model: openvino.Model) -> list:
    """The layers that have weights, in order."""
    return [node for node in model.get_ordered_ops() if node.get_type_name() in WEIGHTED]


def shape_of(node: openvino.Node) -> tuple[str, str]:
    """What tells a layer from most others: its type, and the shape of its output."""
    return node.get_type_name(), str(node.get_output_partial_shape(0))
