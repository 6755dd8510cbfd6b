"""Names for a program's values: PIR numbers them, and everything that looks into a program needs names."""

from pir_program import NOTHING, VECTOR, Op, Program

Names = dict[int, tuple[str, ...]]


def value_names(program: Program) -> Names:
    """Every value's names: one for a tensor, one for each tensor of a list.

    Inputs, outputs and parameters have their own; others are called after their operator and number, such as
    `conv2d.12`. Operators that put lists together or take them apart make nothing: their results keep their names.
    """
    places = _places(program)
    known = {places[op.results[0].number][0]: name for name, op in _parameters(program)}
    known |= {places[op.results[0].number][0]: op.attribute("name") for op in program.feeds}
    taken = {*known.values(), *(op.attribute("name") for op in program.fetches)}
    for op in program.fetches:
        known.setdefault(places[op.inputs[0]][0], op.attribute("name"))
    makers = {value.number: (op.name, value.tensor is None) for op in program.ops for value in op.results}

    def name(place: tuple[int, int]) -> str:
        if place not in known:
            number, position = place
            kind, is_list = makers[number]
            fresh = f"{kind.rstrip('_')}.{number}" + (f".{position}" if is_list else "")
            while fresh in taken:
                fresh += "_"
            taken.add(fresh)
            known[place] = fresh
        return known[place]

    return {number: tuple(name(place) for place in own) for number, own in places.items() if number != NOTHING}


def _parameters(program: Program) -> list[tuple[str, Op]]:
    return [(op.desc["A"][3], op) for op in program.ops if op.name == "builtin.parameter"]


def _places(program: Program) -> dict[int, tuple[tuple[int, int], ...]]:
    """For every value, where its tensors are made: the number of a value, and the position in its list."""
    places: dict[int, tuple[tuple[int, int], ...]] = {}
    for op in program.ops:
        if op.name == "builtin.combine":
            places[op.results[0].number] = tuple(place for number in op.inputs for place in places[number])
        elif op.name == "builtin.split":
            for value, place in zip(op.results, places[op.inputs[0]], strict=True):
                places[value.number] = (place,)
        elif op.name == "builtin.slice":
            places[op.results[0].number] = (places[op.inputs[0]][op.attribute("index")],)
        else:
            for value in op.results:
                content = value.desc["TT"]
                count = len(content["D"]) if content["#"] == VECTOR else 1
                places[value.number] = tuple((value.number, position) for position in range(count))
    return places
