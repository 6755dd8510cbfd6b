"""A Paddle 3 program as layers and tensors."""

from edgeworker.observe import Graph, Layer
from pir_names import value_names
from pir_program import NOTHING, Op, Program

# Operators that compute nothing: inputs, outputs, parameters, and lists put together or taken apart.
SILENT = {"builtin.combine", "builtin.parameter", "builtin.slice", "builtin.split", "data", "feed", "fetch"}
NOT_SHOWN = {"is_test", "place", "stop_gradient", "struct_name"}


def program_graph(program: Program) -> Graph:
    """The operators that depend on the inputs, with what they make that anybody reads.

    Constant operands are among a layer's attributes. A tensor that is changed in place later is hidden, and so is one
    of a list that nobody takes out.
    """
    names = value_names(program)
    inputs = [op.attribute("name") for op in program.feeds]
    read = {name for op in program.ops for number in op.inputs if number for name in names[number]}
    stored = set(program.parameters)
    makers = {value.number: op for op in program.ops for value in op.results}
    reached = set(inputs)
    layers: list[Layer] = []
    for op in program.ops:
        if op.name in SILENT:
            continue
        given = [name for number in op.inputs if number != NOTHING for name in names[number]]
        if reached.isdisjoint(given):
            continue
        made = [name for value in op.results for name in names.get(value.number, ())]
        kept = [name for name in made if name in read] or made[:1]
        reached.update(kept)
        layers.append(
            Layer(
                kept[0],
                op.name.removesuffix("_"),
                [name for name in dict.fromkeys(given) if name in reached and name not in kept],
                kept,
                attributes(op) | constants(op, makers),
                {name: "stored" for name in dict.fromkeys(given) if name in stored},
            )
        )
    shown = {name for op in program.ops for value in op.results if value.tensor for name in names.get(value.number, ())}
    changed = {names[op.inputs[0]][0] for op in program.ops if op.name.endswith("_") and op.inputs}
    computed = [name for layer in layers for name in layer.outputs]
    statistics = {name for op in program.ops if op.name == "batch_norm_" for name in names[op.inputs[0]]}
    hidden = [name for name in computed if name not in shown or name in changed - statistics]
    outputs = [names[op.inputs[0]][0] for op in program.fetches]
    return Graph(inputs, list(dict.fromkeys(outputs)), layers, hidden)


def attributes(op: Op) -> dict[str, str]:
    """An operator's attributes as texts."""
    layer = op.attribute("struct_name")
    return ({"layer": layer} if layer else {}) | {
        one["N"]: str([each.get("D") if isinstance(each, dict) else each for each in content])
        if isinstance(content := one["AT"].get("D"), list)
        else str(content)
        for one in op.desc["A"]
        if one["N"] not in NOT_SHOWN
    }


def constants(op: Op, makers: dict[int, Op]) -> dict[str, str]:
    """Operands that are constants, as texts by their position."""
    found = {}
    for position, number in enumerate(op.inputs):
        maker = makers.get(number)
        if maker is not None and maker.name in ("full", "full_int_array"):
            found[f"operand {position}"] = attributes(maker)["value"]
    return found
