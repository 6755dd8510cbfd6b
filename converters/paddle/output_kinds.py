"""What the outputs of a Paddle 2 program mean."""

from typing import Any

from edgeworker.output_kind import Made, output_kind
from paddle_runtime import framework_pb2


def kinds(description: framework_pb2.ProgramDesc) -> dict[str, dict[str, str]]:
    """`kind` and `known_from` of each value that is fetched, by its name."""
    block = description.blocks[0]
    makers = {name: op for op in block.ops for slot in op.outputs for name in slot.arguments}
    ranks = {variable.name: len(variable.type.lod_tensor.tensor.dims) for variable in block.vars}

    def maker(name: Any) -> Made | None:
        return _made(makers[name], ranks) if name in makers else None

    fetched = [op.inputs[0].arguments[0] for op in block.ops if op.type == "fetch"]
    return {name: dict(zip(("kind", "known_from"), output_kind(name, maker), strict=True)) for name in fetched}


def _made(op: Any, ranks: dict[str, int]) -> Made:
    slots = {slot.parameter: list(slot.arguments) for slot in op.inputs}
    # `X` and `Y` first and in this order: the file's order of the slots is that of their names, and means nothing.
    inputs = [name for slot in ("X", "Y") for name in slots.pop(slot, [])]
    inputs += [name for names in slots.values() for name in names]
    numbers = {attribute.name: attribute for attribute in op.attrs}
    copies = op.type == "scale" and _says(numbers, "scale", 1.0) and _says(numbers, "bias", 0.0)
    by_class = True
    if op.type == "softmax":
        axis = numbers["axis"].i if "axis" in numbers else -1
        by_class = axis % max(ranks.get(inputs[0], 2), 1) == 1
    return Made(op.type, inputs, copies, by_class)


def _says(attributes: dict[str, Any], name: str, value: float) -> bool:
    """Whether an attribute has the value, which is also its default."""
    return name not in attributes or attributes[name].f == value
