"""A Paddle Lite model as layers and tensors."""

from edgeworker.observe import Graph, Layer, digest
from nb_format import KERNEL_ATTRIBUTE, NbModel, Operator

_PORTS = ("feed", "fetch")
# Outputs that hold no part of what is computed: shapes for gradients, statistics of training.
_SIDE_OUTPUTS = ("XShape", "MeanOut", "VarianceOut", "SavedMean", "SavedVariance", "ReserveSpace", "Mask")
_NOT_SHOWN = ("op_device", "with_quant_attr", "op_type")


def nb_graph(model: NbModel) -> Graph:
    """The operators in order, without feed and fetch.

    A variable that is written again later (`opt` reuses memory on ARM) is hidden until then.
    """
    writes: dict[str, int] = {}
    for operator in model.operators:
        for name in _results(operator) if operator.type not in _PORTS else ():
            writes[name] = writes.get(name, 0) + 1
    seen: dict[str, int] = {}
    hidden: list[str] = []
    constants: dict[str, dict[str, str]] = {}
    layers = []

    def version(name: str) -> str:
        count = seen.get(name, 0)
        return name if count == writes.get(name, 0) else f"{name}@{count}"

    for operator in model.operators:
        if operator.type in _PORTS:
            continue
        read = list(dict.fromkeys(name for names in operator.inputs.values() for name in names))
        stored = {name: digest(model.parameters[name].values) for name in read if name in model.parameters}
        data = []
        for name in map(version, (name for name in read if name not in model.parameters)):
            if name in constants:
                stored |= constants[name]
            else:
                data.append(name)
        results = _results(operator)
        for name in results:
            seen[name] = seen.get(name, 0) + 1
        made = [version(name) for name in results]
        hidden += [name for name, result in zip(made, results, strict=True) if name != result]
        if not data:  # it only makes a constant, which counts as its readers' parameter
            constants.update(dict.fromkeys(made, stored))
            continue
        layers.append(
            Layer(
                made[0] if made else operator.type,
                operator.type,
                data,
                made,
                _attributes(operator),
                stored,
            )
        )
    return Graph([feed.name for feed in model.feeds()], model.fetches(), layers, hidden)


def _results(operator: Operator) -> list[str]:
    return [name for slot, names in operator.outputs.items() if slot not in _SIDE_OUTPUTS for name in names]


def _attributes(operator: Operator) -> dict[str, str]:
    shown = {
        name: str(value)
        for name, value in operator.attributes.items()
        if name not in _NOT_SHOWN and not name.startswith("__@") and not name.endswith("_fp16")
    }
    kernel = operator.attributes.get(KERNEL_ATTRIBUTE)
    return {**shown, **({"kernel": str(kernel)} if kernel else {})}
