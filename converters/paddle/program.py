"""A Paddle inference model's files: write them tidily, read what goes in and comes out."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from network import OUTPUT, Network
from paddle_runtime import framework_pb2, paddle

PROGRAM_FILE, PARAMETERS_FILE = "inference.pdmodel", "inference.pdiparams"
DTYPES = {0: "bool", 2: "int32", 3: "int64", 4: "float16", 5: "float32", 6: "float64"}


@dataclass(frozen=True)
class Port:
    """An input or output of a program; an extent of -1 may be anything."""

    name: str
    shape: tuple[int, ...]
    dtype: str


def save(network: Network, folder: Path) -> framework_pb2.ProgramDesc:
    """Write the network with the current scope's values as a Paddle inference model; returns its description.

    The same network and values give the same bytes on every machine.
    """
    prefix = folder / Path(PROGRAM_FILE).stem
    program = network.program
    paddle.static.save_inference_model(
        str(prefix),
        [program.global_block().var(network.input.name)],
        [program.global_block().var(network.output.name)],
        paddle.static.Executor(paddle.CPUPlace()),
        program=program,
    )
    description = read(folder)
    tidy(description, OUTPUT)
    (folder / PROGRAM_FILE).write_bytes(description.SerializeToString(deterministic=True))
    return description


def read(folder: Path) -> framework_pb2.ProgramDesc:
    """The description of the program in `folder`."""
    return read_file(folder / PROGRAM_FILE)


def read_file(model: Path) -> framework_pb2.ProgramDesc:
    """The description in a .pdmodel."""
    return framework_pb2.ProgramDesc.FromString(model.read_bytes())


def ports(description: framework_pb2.ProgramDesc) -> tuple[list[Port], list[Port]]:
    """The inputs and the outputs, in the program's order."""
    block = description.blocks[0]
    variables = {variable.name: variable for variable in block.vars}
    inputs = [(op, op.outputs[0].arguments[0]) for op in block.ops if op.type == "feed"]
    outputs = [(op, op.inputs[0].arguments[0]) for op in block.ops if op.type == "fetch"]

    def in_order(found: list[tuple[Any, str]]) -> list[Port]:
        found.sort(key=lambda pair: next(a.i for a in pair[0].attrs if a.name == "col"))
        return [_port(variables[name]) for _, name in found]

    return in_order(inputs), in_order(outputs)


def _port(variable: Any) -> Port:
    tensor = variable.type.lod_tensor.tensor
    return Port(variable.name, tuple(tensor.dims), DTYPES.get(tensor.data_type, f"Paddle type {tensor.data_type}"))


def tidy(description: framework_pb2.ProgramDesc, output: str) -> None:
    """Name the one output, without the `scale` by 1 that Paddle puts behind it, and drop Python's call stacks.

    The call stacks are paths of this machine's files, which no runtime reads.
    """
    block = description.blocks[0]
    for op in block.ops:
        kept = [attribute for attribute in op.attrs if attribute.name != "op_callstack"]
        del op.attrs[:]
        op.attrs.extend(kept)
    (fetch,) = (op for op in block.ops if op.type == "fetch")
    fetched = fetch.inputs[0].arguments[0]
    (copy,) = (op for op in block.ops if fetched in (name for out in op.outputs for name in out.arguments))
    factors = {attribute.name: attribute.f for attribute in copy.attrs}
    if copy.type == "scale" and (factors["scale"], factors["bias"]) == (1.0, 0.0):
        source = next(slot.arguments[0] for slot in copy.inputs if slot.parameter == "X")
        block.ops.remove(copy)
        block.vars.remove(next(variable for variable in block.vars if variable.name == fetched))
        fetch.inputs[0].arguments[0] = fetched = source
    for op in block.ops:
        for slot in (*op.inputs, *op.outputs):
            slot.arguments[:] = [output if name == fetched else name for name in slot.arguments]
    for variable in block.vars:
        if variable.name == fetched:
            variable.name = output
