"""Stored parameters beside those of a fresh conversion: a hint that needs no run."""

from edgekit.diagnose.graph import Graph, Layer
from edgekit.diagnose.report import LayerReport


def changed_parameters(layer: Layer, fresh: Graph) -> tuple[str, ...]:
    """The parameters of `layer` whose bits the same layer of `fresh` stores otherwise, or not at all."""
    twin = next((one for one in fresh.layers if one.outputs == layer.outputs and one.type == layer.type), None)
    if twin is None:
        return ()
    return tuple(name for name, digest in layer.parameters.items() if twin.parameters.get(name) != digest)


def first_changed(mine: Graph, fresh: Graph) -> LayerReport | None:
    """The first layer whose parameters differ, for a file that cannot be run here."""
    for layer in mine.layers:
        if changed := changed_parameters(layer, fresh):
            return LayerReport(layer.name, layer.type, layer.attributes, (), (), changed_parameters=changed)
    return None
