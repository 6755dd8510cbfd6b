"""A Paddle program as layers and tensors."""

from typing import Any

from edgeworker.observe import Graph, Layer
from edgeworker.paddle_program import attribute, ops

PORTS = ("feed", "fetch")
# What only Paddle's own machinery reads.
_NOT_SHOWN = ("op_callstack", "op_device", "op_namescope", "op_role", "op_role_var", "with_quant_attr", "is_test")
# Outputs that hold no part of what is computed: shapes for gradients, statistics of training.
_SIDE_OUTPUTS = ("XShape", "MeanOut", "VarianceOut", "SavedMean", "SavedVariance", "ReserveSpace", "Mask")


def program_graph(program: Any) -> Graph:
    """The operators of the first block, without feed and fetch.

    A variable that is written again later is hidden until then: only what it holds at the end can be fetched.
    """
    block = program.blocks[0]
    stored = {variable.name for variable in block.vars if variable.persistable}
    inputs = [name for op in ops(program, {"feed"}) for slot in op.desc.outputs for name in slot.arguments]
    outputs = [name for op in ops(program, {"fetch"}) for slot in op.desc.inputs for name in slot.arguments]
    writes: dict[str, int] = {}
    for op in block.ops:
        for name in results(op) if op.type not in PORTS else ():
            writes[name] = writes.get(name, 0) + 1
    seen: dict[str, int] = {}
    hidden: list[str] = []
    reached = set(inputs)
    layers = []

    def version(name: str) -> str:
        count = seen.get(name, 0)
        return name if count == writes.get(name, 0) else f"{name}@{count}"

    for op in ops(program):
        if op.desc.type in PORTS or op.block is not block:
            continue
        read = [name for slot in op.desc.inputs for name in slot.arguments]
        data = [version(name) for name in dict.fromkeys(read) if name not in stored and version(name) in reached]
        written = results(op.desc)
        for name in written:
            seen[name] = seen.get(name, 0) + 1
        made = [version(name) for name in written]
        hidden += [name for name in made if "@" in name and name not in writes]
        if not data:
            continue
        reached.update(made)
        attributes = {one.name: str(attribute(op, one.name)) for one in op.desc.attrs if one.name not in _NOT_SHOWN}
        parameters = {name: "stored" for name in dict.fromkeys(read) if name in stored}
        layers.append(Layer(made[0], op.desc.type, data, made, attributes, parameters))
    return Graph(inputs, outputs, layers, hidden)


def results(desc: Any) -> list[str]:
    """The variables that hold what an operator computes."""
    return [name for slot in desc.outputs if slot.parameter not in _SIDE_OUTPUTS for name in slot.arguments]
