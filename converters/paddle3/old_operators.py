"""How one operator of Paddle 3 is written in a Paddle 2 program: what the tables of translations are made of.

PIR has as operands much of what ProgramDesc has as attributes: the shape of a reshape, the axis of a concat. A
translation says which slot gets which operand, and where each attribute comes from.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edgeworker.refusal import Refusal
from pir_program import NOTHING, Json, Op, Value

# framework.proto, AttrType: the number of a kind, and the field of OpDesc.Attr that holds the value.
KINDS = {
    "int": (0, "i"),
    "float": (1, "f"),
    "text": (2, "s"),
    "ints": (3, "ints"),
    "floats": (4, "floats"),
    "bool": (6, "b"),
    "long": (9, "l"),
    "longs": (11, "longs"),
}
# framework.proto, VarType.Type.
DATA_TYPES = {
    "bool": 0,
    "int16": 1,
    "int32": 2,
    "int64": 3,
    "float16": 4,
    "float32": 5,
    "float64": 6,
    "uint8": 20,
    "int8": 21,
}
INPUT_TYPE = -1  # what a reduction's `out_dtype` says where the type stays


@dataclass(frozen=True)
class OldOp:
    """An operator of a Paddle 2 program: variables by slot, attributes as (kind, value) by name."""

    type: str
    inputs: dict[str, list[str]]
    outputs: dict[str, list[str]]
    attributes: dict[str, tuple[str, Any]]


@dataclass(frozen=True)
class Call:
    """One operator of the program with what is known around it.

    `names` are every value's (see `pir_names`), `makers` the operators and `values` the types by the values' numbers.
    """

    op: Op
    names: Mapping[int, tuple[str, ...]]
    makers: Mapping[int, Op]
    values: Mapping[int, Value]

    def operand(self, position: int) -> int:
        """The number of the value at an operand's position; 0 where it is left out."""
        return self.op.inputs[position] if position < len(self.op.inputs) else NOTHING

    def operand_names(self, position: int) -> list[str]:
        """The variables at an operand's position, several for a list; none where it is left out."""
        number = self.operand(position)
        return [] if number == NOTHING else list(self.names[number])

    def result_names(self, position: int) -> list[str]:
        """The variables that a result has."""
        return list(self.names.get(self.op.results[position].number, ()))

    def rank(self, position: int) -> int:
        """How many dimensions an operand has."""
        return len(self.values[self.operand(position)].shape)

    def dtype(self, position: int) -> str:
        """An operand's type."""
        return self.values[self.operand(position)].dtype

    def attribute(self, name: str) -> Any:
        """An attribute as plain numbers, texts and lists. Raises Refusal where there is none."""
        found = next((one["AT"] for one in self.op.desc["A"] if one["N"] == name), None)
        if found is None or "D" not in found:
            raise Refusal(f"{self.op.place} has no attribute {name}, or one that is no number", kind="input")
        return plain(found["D"])

    def numbers(self, position: int) -> list[Any] | None:
        """The numbers of an operand that is a constant; None where it is left out.

        Raises Refusal where it is computed.
        """
        number = self.operand(position)
        return None if number == NOTHING else constant_numbers(self.op, number, self.makers)


def plain(content: Json) -> Any:
    """An attribute's value without the marks of its type."""
    if isinstance(content, list):
        return [each["D"] if isinstance(each, dict) else each for each in content]
    return content


def constant_numbers(user: Op, number: int, makers: Mapping[int, Op]) -> list[Any]:
    """The numbers that the constant `number` holds, flat. Raises Refusal where it is computed."""
    maker = makers[number]
    call = Call(maker, {}, makers, {})
    if maker.name == "full":
        count = 1
        for extent in call.attribute("shape"):
            count *= extent
        # JSON has every such number as a fraction.
        whole = call.attribute("dtype") in ("bool", "int32", "int64")
        return [int(call.attribute("value")) if whole else call.attribute("value")] * count
    if maker.name == "full_int_array":
        return call.attribute("value")
    if maker.name == "assign_value_":
        return call.attribute("values")
    if maker.name == "builtin.combine":
        return [each for source in maker.inputs for each in constant_numbers(user, source, makers)]
    raise Refusal(
        f"{user.place} takes a number from {maker.place}, which is computed while the program runs",
        "Fix the number of samples with --batch, or export the model for one input shape",
    )


Source = Callable[[Call], Any]
"""Where an attribute comes from. None leaves it out."""
Attributes = Mapping[str, tuple[str, Source]]
Translation = Callable[[Call], Sequence[OldOp]]
"""Writes one operator as operators of a Paddle 2 program. Raises Refusal where it has no like there."""


def own(name: str) -> Source:
    """The operator's own attribute `name`."""
    return lambda call: call.attribute(name)


def fixed(value: Any) -> Source:
    """Always the same: what Paddle 3 no longer writes."""
    return lambda call: value


def numbers_of(position: int) -> Source:
    """The numbers of a constant operand, as a list."""
    return lambda call: call.numbers(position)


def number_of(position: int) -> Source:
    """The one number of a constant operand."""

    def single(call: Call) -> Any:
        found = call.numbers(position)
        if found is None or len(found) != 1:
            raise Refusal(f"{call.op.place} has {len(found or [])} numbers where one is expected", kind="input")
        return found[0]

    return single


def result_shape(call: Call) -> list[int]:
    """The result's shape for a reshape: fixed extents, and at most one that may be anything."""
    shape = list(call.op.results[0].shape)
    if shape.count(-1) > 1:
        raise Refusal(
            f"{call.op.place} has a result of shape {shape}, of which more than one extent is open",
            "Fix the number of samples with --batch",
        )
    return shape


def data_type(name: str) -> Source:
    """The number of the type that the attribute `name` says; -1 where it leaves the type as it is."""
    return lambda call: DATA_TYPES.get(call.attribute(name), INPUT_TYPE)


def written(
    kind: str, inputs: Mapping[str, int], outputs: Mapping[str, int], attributes: Attributes | None = None
) -> Translation:
    """As one operator `kind`: slots by the positions of operands and results."""

    def translate(call: Call) -> list[OldOp]:
        return [
            OldOp(
                kind,
                {slot: found for slot, position in inputs.items() if (found := call.operand_names(position))},
                {slot: call.result_names(position) for slot, position in outputs.items()},
                {
                    name: (form, value)
                    for name, (form, source) in (attributes or {}).items()
                    if (value := source(call)) is not None
                },
            )
        ]

    return translate


def unary(kind: str, attributes: Attributes | None = None) -> Translation:
    """One tensor in, one out."""
    return written(kind, {"X": 0}, {"Out": 0}, attributes)


def binary(kind: str, attributes: Attributes | None = None) -> Translation:
    """Two tensors in, one out, their shapes brought together as numpy does it."""
    return written(kind, {"X": 0, "Y": 1}, {"Out": 0}, attributes)


def same(kind: str, *names: str) -> Attributes:
    """Attributes of one kind that are called as in Paddle 3."""
    return {name: (kind, own(name)) for name in names}
