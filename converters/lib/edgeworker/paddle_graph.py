"""A Paddle program that is being rewritten, with its parameters: who writes and reads what, and how to change it."""

import shutil
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from edgeworker.paddle_program import (
    BOOL_ATTR,
    FLOAT_ATTR,
    FLOATS_ATTR,
    INT_ATTR,
    INTS_ATTR,
    LOD_TENSOR,
    LONGS_ATTR,
    STRING_ATTR,
    Op,
    read_program,
    set_attribute,
    write_program,
)
from edgeworker.parameter_files import DTYPES, read_tensors, write_tensors

PROGRAM_FILE, PARAMETERS_FILE = "inference.pdmodel", "inference.pdiparams"
PORTS = ("feed", "fetch")
_CODES = {np.dtype(code): number for number, code in DTYPES.items()}


class Longs(list[int]):
    """The value of an attribute of 64-bit integers."""


@dataclass
class ProgramGraph:
    """The first block of a program; `parameters` are its stored tensors by name, as far as they are at hand.

    Operators are replaced, and what was replaced takes effect when they are listed again: between two rewrites.
    """

    program: Any
    parameters: Mapping[str, np.ndarray] = field(default_factory=dict)
    changed_parameters: dict[str, np.ndarray | None] = field(default_factory=dict)
    _replaced: dict[int, list[Any]] = field(default_factory=dict)
    _ops: list[Op] | None = None
    _variables: dict[str, Any] = field(default_factory=dict)
    _writers: dict[str, list[Op]] = field(default_factory=dict)
    _readers: dict[str, list[Op]] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> "ProgramGraph":
        """The program in `folder` with its parameters, which are views of the file. Raises Refusal (input)."""
        program = read_program(folder / PROGRAM_FILE)
        names = stored_names(program)
        stored = read_tensors(folder / PARAMETERS_FILE, names) if names else {}
        return cls(program, {name: tensor.values for name, tensor in stored.items()})

    def write(self, folder: Path, source: Path) -> None:
        """Write both files into `folder`; parameters that nobody changed are the file of the folder `source` itself."""
        write_program(self.settled(), folder / PROGRAM_FILE)
        if not self.changed_parameters:
            link_or_copy(source / PARAMETERS_FILE, folder / PARAMETERS_FILE)
            return
        names = stored_names(self.program)
        write_tensors(folder / PARAMETERS_FILE, {name: self.stored(name) for name in names})

    @property
    def block(self) -> Any:
        """The one block."""
        return self.program.blocks[0]

    def ops(self, types: Collection[str] | None = None) -> list[Op]:
        """The operators in order, or those whose type is in `types`."""
        if self._replaced:
            self._put_in_place()
        found = self._listed()
        return found if types is None else [op for op in found if op.desc.type in types]

    def settled(self) -> Any:
        """The program with everything in place that was replaced."""
        self.ops()
        return self.program

    def _listed(self) -> list[Op]:
        """The operators as they were when they were last listed, without what has been replaced since."""
        if self._ops is None:
            self._ops = [Op(self.block, index, desc) for index, desc in enumerate(self.block.ops)]
            self._index(self._ops)
        return self._ops

    def _put_in_place(self) -> None:
        kept = [
            type(desc).FromString(desc.SerializeToString())
            for op in self._listed()
            for desc in self._replaced.get(op.index, [op.desc])
        ]
        del self.block.ops[:]
        self.block.ops.extend(kept)
        self._replaced.clear()
        self._ops = None

    def _index(self, found: Sequence[Op]) -> None:
        self._variables = {variable.name: variable for variable in self.block.vars}
        self._writers, self._readers = {}, {}
        for op in found:
            for slots, index in ((op.desc.inputs, self._readers), (op.desc.outputs, self._writers)):
                for slot in slots:
                    for name in slot.arguments:
                        index.setdefault(name, []).append(op)

    def writer(self, name: str) -> Op | None:
        """The one operator that writes a variable; None where there is none, or several."""
        self._listed()
        found = self._writers.get(name, [])
        return found[0] if len(found) == 1 else None

    def readers(self, name: str) -> list[Op]:
        """The operators that read a variable, `fetch` among them."""
        self._listed()
        return self._readers.get(name, [])

    def shape(self, name: str) -> list[int]:
        """A variable's declared shape, -1 where open; raises KeyError for one that is not declared."""
        self._listed()
        return list(self._variables[name].type.lod_tensor.tensor.dims)

    def data_type(self, name: str) -> int:
        """A variable's declared type, as `framework.proto` counts them."""
        self._listed()
        return self._variables[name].type.lod_tensor.tensor.data_type

    def stored(self, name: str) -> np.ndarray:
        """A parameter's values as they are now; raises KeyError where it is none."""
        found = self.changed_parameters.get(name)
        return self.parameters[name] if found is None else found

    def add_variable(self, wanted: str, shape: Sequence[int], data_type: int) -> str:
        """Declare a tensor; returns its name, which is `wanted` or starts with it."""
        self._listed()
        name, number = wanted, 0
        while name in self._variables:
            number += 1
            name = f"{wanted}_{number}"
        variable = self.block.vars.add(name=name)
        variable.type.type = LOD_TENSOR
        variable.type.lod_tensor.tensor.data_type = data_type
        variable.type.lod_tensor.tensor.dims.extend(shape)
        self._variables[name] = variable
        return name

    def add_parameter(self, wanted: str, value: np.ndarray) -> str:
        """Declare a stored tensor with its values; returns its name."""
        name = self.add_variable(wanted, value.shape, _CODES[value.dtype])
        self._variables[name].persistable = True
        self.changed_parameters[name] = value
        return name

    def store(self, name: str, value: np.ndarray) -> None:
        """Make a variable a parameter, or give a parameter other values."""
        self._listed()
        variable = self._variables[name]
        variable.persistable = True
        variable.type.lod_tensor.tensor.data_type = _CODES[value.dtype]
        variable.type.lod_tensor.tensor.dims[:] = value.shape
        self.changed_parameters[name] = value

    def replace(self, op: Op, by: Iterable[Any]) -> None:
        """Put other operators in the place of one, which may be none."""
        self._replaced[op.index] = list(by)

    def drop_unused(self) -> None:
        """Take out operators whose results nobody reads, then variables and parameters that no operator names."""
        self.settled()
        self._ops = None  # operators may have been changed where they stand
        used: set[str] = set()
        for op in reversed(self.ops()):
            if op.desc.type in PORTS or any(name in used for slot in op.desc.outputs for name in slot.arguments):
                used.update(name for slot in op.desc.inputs for name in slot.arguments)
            else:
                self.replace(op, [])
        self.ops()
        named = set(self._readers) | set(self._writers)
        for variable in [each for each in self.block.vars if each.name not in named]:
            if variable.name in self.parameters:
                self.changed_parameters[variable.name] = None
            self.block.vars.remove(variable)
        self._ops = None

    def building(self, op: Op) -> "Building":
        """What will stand in the place of `op`."""
        return Building(self, op)


@dataclass
class Building:
    """New operators in the place of one. `add` them in order, then `finish`; the last one writes what it wrote."""

    graph: ProgramGraph
    op: Op
    made: list[Any] = field(default_factory=list)

    def add(
        self,
        kind: str,
        inputs: Mapping[str, str | Sequence[str]],
        dims: Sequence[int] = (),
        *,
        like: str = "",
        slot: str = "Out",
        into: str | Sequence[str] = "",
        **attributes: Any,
    ) -> str:
        """Add an operator; returns its output.

        That is a new variable of the shape `dims` and of the type that the variable `like` has, or, with `into`,
        variables that are there. An attribute's kind follows from its Python type.
        """
        desc = type(self.op.desc)(type=kind)
        for parameter, names in inputs.items():
            desc.inputs.add(parameter=parameter, arguments=[names] if isinstance(names, str) else names)
        results = [into] if isinstance(into, str) else list(into)
        if not results[0]:
            first = next(name for written in self.op.desc.outputs for name in written.arguments)
            source = like or next(name for read in desc.inputs for name in read.arguments)
            results = [self.graph.add_variable(f"{first}.{kind}", dims, self.graph.data_type(source))]
        desc.outputs.add(parameter=slot, arguments=results)
        op = Op(self.op.block, -1, desc)
        for name, value in attributes.items():
            set_attribute(op, name, kind_of(value), value)
        self.made.append(desc)
        return results[0]

    def reshape(self, source: str, shape: Sequence[int], declared: Sequence[int] = (), into: str = "") -> str:
        """`source` in another shape (-1: what is left). `declared` where the variable's differs from that."""
        return self.add("reshape2", {"X": source}, declared or shape, into=into, shape=list(shape))

    def transpose(self, source: str, axes: Sequence[int], into: str = "") -> str:
        """`source`, a variable made here or before, with its axes in another order."""
        shape = self.graph.shape(source)
        return self.add("transpose2", {"X": source}, [shape[axis] for axis in axes], into=into, axis=list(axes))

    def cut(self, source: str, axis: int, start: int, end: int) -> str:
        """`source` from `start` to `end` along one axis."""
        shape = self.graph.shape(source)
        shape[axis] = end - start
        return self.add(
            "slice",
            {"Input": source},
            shape,
            axes=[axis],
            starts=[start],
            ends=[end],
            decrease_axis=[],
            infer_flags=[1],
        )

    def finish(self) -> None:
        """Let the new operators take the old one's place."""
        self.graph.replace(self.op, self.made)


def link_or_copy(source: Path, target: Path) -> None:
    """The file `source` under another name: without a copy where the file system can.

    A confined worker may make no second name for a file outside its folder: with it, it could change that file. It
    leaves a symbolic link, and edgekit puts the file in its place.
    """
    for link in (target.hardlink_to, target.symlink_to):
        with suppress(OSError):
            return link(source)
    shutil.copyfile(source, target)
    return None


def stored_names(program: Any) -> list[str]:
    """The parameters' names in the order of the file."""
    return sorted(
        variable.name
        for variable in program.blocks[0].vars
        if variable.persistable and variable.type.type == LOD_TENSOR
    )


def kind_of(value: Any) -> int:
    """The kind of attribute for a value of Python."""
    match value:
        case bool():
            return BOOL_ATTR
        case int():
            return INT_ATTR
        case float():
            return FLOAT_ATTR
        case str():
            return STRING_ATTR
        case Longs():
            return LONGS_ATTR
        case [float(), *_]:
            return FLOATS_ATTR
        case _:
            return INTS_ATTR
