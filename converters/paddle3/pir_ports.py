"""What goes into a program and comes out of it."""

from dataclasses import dataclass

from edgeworker.output_kind import is_row
from edgeworker.refusal import Refusal
from pir_output_kind import kind_of
from pir_program import FLOAT32, OPEN, Op, Program

CHANNELS = (1, 3, 4)
WANTED = (
    "edgekit converts image classifiers: one image [N, 1, 3 or 4, H, W] in, classes or features [N, C] out, both FP32"
)


@dataclass(frozen=True)
class Port:
    """An input or output; an extent of -1 may be anything. `kind` and `known_from` are an output's."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    kind: str = "logits"
    known_from: str = ""


def ports(program: Program) -> tuple[list[Port], list[Port]]:
    """The inputs and the outputs, in the program's order."""
    producers = {value.number: op for op in program.ops for value in op.results}
    inputs = [_port(op, op.attribute("name")) for op in program.feeds]
    outputs = [_port(op, op.attribute("name"), *kind_of(op, producers)) for op in program.fetches]
    return inputs, outputs


def check_ports(program: Program) -> Port:
    """The one input; raises Refusal (input) unless the program is a classifier of images."""
    inputs, outputs = ports(program)
    if len(inputs) != 1:
        names = ", ".join(port.name for port in inputs) or "none"
        raise Refusal(f"the program takes {len(inputs)} inputs ({names}), not one image", WANTED, kind="input")
    (image,) = inputs
    if image.dtype != FLOAT32 or len(image.shape) != 4 or image.shape[1] not in (*CHANNELS, OPEN):
        raise Refusal(
            f"the input {image.name} is {image.dtype} {list(image.shape)}, not an image", WANTED, kind="input"
        )
    if not outputs:
        raise Refusal("the program gives no output", WANTED, kind="input")
    for port in outputs:
        if port.dtype != FLOAT32 or not is_row(port.shape):
            raise Refusal(
                f"the output {port.name} is {port.dtype} {list(port.shape)}, not a value for each class",
                WANTED,
                kind="input",
            )
    names = [port.name for port in (image, *outputs)]
    if len(set(names)) != len(names):
        raise Refusal(f"two of the program's inputs and outputs have one name: {', '.join(names)}", kind="input")
    return image


def _port(op: Op, name: str, kind: str = "logits", known_from: str = "") -> Port:
    (value,) = op.results
    return Port(name, value.shape, value.dtype, kind, known_from)
