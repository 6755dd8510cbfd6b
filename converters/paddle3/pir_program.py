"""Paddle 3's program (`inference.json`, PIR) read and changed as what it is, JSON, without Paddle.

The keys and the numbers of the dialects follow Paddle's own writer (paddle/fluid/pir/serialize_deserialize,
schema.h and schema.cc of Paddle 3). A program is one block of operators in order. A value has a number, which the
operator that makes it gives under `O` and those that use it name under `I`; 0 is no value.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgeworker.refusal import Refusal

PROGRAM_FILE, PARAMETERS_FILE = "inference.json", "inference.pdiparams"
# The largest classifier seen takes 0.6 MB, and Python's objects of a JSON text take some 20 times its size.
LARGEST_BYTES = 64 << 20
NEWEST_VERSION = 4  # of the format, as Paddle 3.3.1 writes it
HIGHEST_RANK = 9  # Paddle's own limit
DIALECTS = {"0": "builtin", "1": "pd_op", "2": "cf", "3": "custom_op", "4": "pd_dist"}
OPEN = -1  # an extent that may be anything
NOTHING = 0  # the number of a result that an operator leaves out
PARAMETER = "p"  # parameters are written in a short form
FLOAT32, FLOAT64 = "float32", "float64"
TYPES = {
    "0.t_bool": "bool",
    "0.t_ui8": "uint8",
    "0.t_i8": "int8",
    "0.t_i16": "int16",
    "0.t_i32": "int32",
    "0.t_i64": "int64",
    "0.t_f16": "float16",
    "0.t_bf16": "bfloat16",
    "0.t_f32": FLOAT32,
    "0.t_f64": FLOAT64,
}
TENSOR, VECTOR = "0.t_dtensor", "0.t_vec"
REMEDY = "Give the inference.json of a model that Paddle 3 exported with paddle.jit.save"

Json = Any


@dataclass(frozen=True)
class Value:
    """What an operator makes: its number and its type; `desc` is live: changes reach the program."""

    number: int
    desc: Json

    @property
    def tensor(self) -> Json | None:
        """The description of a tensor, [element type, extents, ...]; None for lists of tensors and for nothing."""
        return self.desc["TT"]["D"] if self.desc["TT"]["#"] == TENSOR else None

    @property
    def shape(self) -> tuple[int, ...]:
        """Of a tensor; -1 is an extent that may be anything."""
        assert self.tensor is not None
        return tuple(self.tensor[1])

    def set_shape(self, extents: Sequence[int]) -> None:
        """Write another shape into the program."""
        assert self.tensor is not None
        self.tensor[1] = list(extents)

    @property
    def dtype(self) -> str:
        """Of a tensor, as numpy calls it."""
        assert self.tensor is not None
        element: str = self.tensor[0]["#"]
        return TYPES.get(element, element)


@dataclass(frozen=True)
class Op:
    """One operator and where it stands; `desc` is live."""

    index: int
    desc: Json

    @property
    def name(self) -> str:
        """Without its dialect where that is Paddle's own: `conv2d`, but `builtin.combine`."""
        kind = self.desc["#"]
        if kind == PARAMETER:
            return "builtin.parameter"
        number, _, name = kind.partition(".")
        dialect = DIALECTS.get(number, number)
        return name if dialect == "pd_op" else f"{dialect}.{name}"

    @property
    def place(self) -> str:
        """For messages: name, position, and the layer of the network that it comes from, where that is written."""
        layer = self.attribute("struct_name")
        return f"{self.name} (op {self.index}{f', in {layer}' if layer else ''})"

    @property
    def inputs(self) -> list[int]:
        """The numbers of the values it uses."""
        return [operand["%"] for operand in self.desc.get("I", [])]

    @property
    def results(self) -> list[Value]:
        """The values it makes."""
        made = self.desc["O"]
        return [Value(each["%"], each) for each in (made if isinstance(made, list) else [made])]

    def attribute(self, name: str) -> Json:
        """The attribute's value as JSON has it, a list for an array; None where there is none."""
        if self.desc["#"] == PARAMETER:
            return None
        for attribute in self.desc["A"]:
            if attribute["N"] == name:
                return attribute["AT"].get("D")
        return None


@dataclass(frozen=True)
class Program:
    """A program whose form has been checked; `document` is live."""

    document: Json

    @property
    def op_list(self) -> list[Json]:
        """The operators' descriptions, live."""
        return self.document["program"]["regions"][0]["blocks"][0]["ops"]

    @property
    def ops(self) -> Iterator[Op]:
        """Every operator, in order."""
        return (Op(index, desc) for index, desc in enumerate(self.op_list))

    @property
    def parameters(self) -> dict[str, Value]:
        """The parameters by their names, sorted, as their file holds them."""
        found = {op.desc["A"][3]: op.results[0] for op in self.ops if op.desc["#"] == PARAMETER}
        return dict(sorted(found.items()))

    @property
    def feeds(self) -> list[Op]:
        """The operators that stand for the inputs."""
        return [op for op in self.ops if op.name in ("data", "feed")]

    @property
    def fetches(self) -> list[Op]:
        """The operators that hand the outputs over, in the order of the outputs."""
        return sorted((op for op in self.ops if op.name == "fetch"), key=lambda op: op.attribute("col"))

    def write(self, path: Path) -> None:
        """Write it as JSON, the same bytes for the same program."""
        path.write_text(json.dumps(self.document, separators=(",", ":")), encoding="utf-8")


def read_program(path: Path) -> Program:
    """The program in the file `path`; raises Refusal (input) where it is none, or is not one block of operators."""
    size = path.stat().st_size
    if size > LARGEST_BYTES:
        raise Refusal(f"{path} takes {size} bytes, too many for a program", REMEDY, kind="input")
    try:
        document = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise Refusal(f"{path} is no JSON, or is cut short: {error}", REMEDY, kind="input") from error
    try:
        program = Program(document)
        check_form(program)
    except (AssertionError, AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise Refusal(f"{path} is not a Paddle 3 program, or is damaged", REMEDY, kind="input") from error
    return program


def check_form(program: Program) -> None:
    """Raise Refusal or what a missing key raises, unless every operator has the form that the rest relies on.

    Paddle's own reader trusts the file: a value that nothing makes is a null pointer there.
    """
    head = program.document["base_code"]
    if head["magic"] != "pir" or type(head["version"]) is not int:
        raise ValueError("no PIR program")
    if head["version"] > NEWEST_VERSION:
        raise Refusal(
            f"the program is of version {head['version']} of Paddle's format, and edgekit reads up to {NEWEST_VERSION}",
            "Export it again with Paddle 3.3 or older",
            kind="input",
        )
    (region,) = program.document["program"]["regions"]
    (block,) = region["blocks"]
    made = {NOTHING}
    for op in program.ops:
        if type(op.desc["#"]) is not str:
            raise ValueError("an operator without a name")
        if op.desc.get("regions"):
            raise Refusal(
                f"the program has control flow, {op.place}, which no target takes",
                "Export the network for inference, without branches that depend on the image",
                kind="input",
            )
        check_attributes(op)
        for number in op.inputs:
            if type(number) is not int or number not in made:
                raise ValueError(f"{op.place} uses a value that is not made before it")
        for value in op.results:
            if type(value.number) is not int or (value.number in made and value.number != NOTHING):
                raise ValueError(f"{op.place} makes a value twice")
            made.add(value.number)
            check_type(value.desc["TT"])
    if block.get("args"):
        raise ValueError("the block has arguments")
    if [op.attribute("col") for op in program.fetches] != list(range(len(program.fetches))):
        raise ValueError("the outputs are not numbered")


def check_attributes(op: Op) -> None:
    """Raise unless the attributes have names and values."""
    if op.desc["#"] == PARAMETER:
        (value,) = op.results
        if type(op.desc["A"][3]) is not str or value.tensor is None:
            raise ValueError("a parameter without a name")
        return
    for attribute in op.desc["A"]:
        if type(attribute["N"]) is not str or type(attribute["AT"]["#"]) is not str:
            raise ValueError(f"{op.place} has an attribute without a name")


def check_type(desc: Json) -> None:
    """Raise unless it is a tensor's type with whole extents, or a list of such, or none."""
    if desc["#"] == TENSOR:
        element, extents = desc["D"][0], desc["D"][1]
        if type(element["#"]) is not str or len(extents) > HIGHEST_RANK:
            raise ValueError("no tensor")
        if any(type(extent) is not int or extent < -1 for extent in extents):
            raise ValueError("no shape")
    elif desc["#"] == VECTOR:
        for each in desc["D"]:
            check_type(each)
    elif type(desc["#"]) is not str:
        raise ValueError("no type")
