"""Which tensors no engine ever holds: what a linear layer gives to the bias or the normalisation that follows it.

Engines multiply a batch normalisation into the weights of the convolution before it. What the convolution alone would
have given may be far beyond what comes of the two.
"""

from typing import Any

from program_graph import PORTS, results

_CONVOLUTIONS = {"conv2d", "depthwise_conv2d", "conv2d_transpose", "depthwise_conv2d_transpose"}
_PRODUCTS = {"mul", "matmul", "matmul_v2"}
Place = tuple[int, str]
"""The position of an operator in its block, and one of its results."""


def folded(block: Any) -> set[Place]:
    """Where a convolution or a product with constant weights, with or without a bias, is read by one operator alone
    that adds a constant or normalises by constants.
    """
    constants = {one.name for one in block.vars if one.persistable}
    maker: dict[str, int] = {}
    readers: dict[Place, list[int]] = {}
    linear: set[Place] = set()
    absorbing: set[int] = set()
    for position, op in enumerate(block.ops):
        read = [name for slot in op.inputs for name in slot.arguments]
        made = [name for slot in op.outputs for name in slot.arguments] if op.type in PORTS else results(op)
        for name in dict.fromkeys(read):
            if name in maker:
                readers.setdefault((maker[name], name), []).append(position)
        if read and op.type not in PORTS and constants.issuperset(read):
            constants.update(made)
            continue
        by_constant = constants.issuperset(_in(op, "Filter") + _in(op, "Y"))
        if op.type == "batch_norm" or (op.type == "elementwise_add" and by_constant):
            absorbing.add(position)
        sums = op.type == "elementwise_add" and all((maker.get(name), name) in linear for name in _in(op, "X"))
        if by_constant and (op.type in _CONVOLUTIONS | _PRODUCTS or sums):
            linear.update((position, name) for name in made)
        constants.difference_update(made)
        maker.update(dict.fromkeys(made, position))
    return {place for place in linear if len(readers.get(place, [])) == 1 and absorbing.issuperset(readers[place])}


def _in(op: Any, parameter: str) -> list[str]:
    return [name for slot in op.inputs if slot.parameter == parameter for name in slot.arguments]
