"""Builds a PaddleClas network as a static-graph program.

Static, since tracing a dynamic network takes twice as long and runs the random initialisers first. Here nothing
runs at all: the parameters' values are put into the scope, see `weights.py`.
"""

from dataclasses import dataclass, field
from typing import Any

from edgeworker.protocol import Refusal
from paddle_runtime import first_words, paddle
from paddleclas_loader import load_factory, static_construction

INPUT, OUTPUT = "x", "logits"
STATISTICS = ("_mean", "_variance")  # the ends of the names of a batch norm's running statistics


@dataclass(frozen=True)
class Architecture:
    """A row of the catalog: where PaddleClas builds the network, and what edgekit must know of it.

    `head`: the structured name of the classifier's weight, [features, classes]. `global_pool`: the structured
    name of a final average pool of fixed size that is replaced by a global one, or None.
    """

    name: str
    module: str
    factory: str
    head: str
    arguments: dict[str, Any] = field(default_factory=dict)
    global_pool: str | None = None

    @classmethod
    def from_option(cls, option: dict[str, Any]) -> "Architecture":
        """From a request's option; keys that say nothing about building are passed over."""
        return cls(
            name=option.get("name", option["factory"]),
            module=option["module"],
            factory=option["factory"],
            head=option["head"],
            arguments=dict(option.get("arguments", {})),
            global_pool=option.get("global_pool"),
        )


@dataclass(frozen=True)
class Network:
    """A built program. `tensors`: every parameter and statistic by its structured name, as in `state_dict`."""

    architecture: Architecture
    program: paddle.static.Program
    tensors: dict[str, Any]
    input: Any
    output: Any

    @property
    def parameters(self) -> int:
        """Trained values: weights, biases, scales; without the running statistics."""
        return sum(_size(v.shape) for name, v in self.tensors.items() if not name.endswith(STATISTICS))

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Structured name -> shape."""
        return {name: tuple(variable.shape) for name, variable in self.tensors.items()}


def build(
    architecture: Architecture,
    class_count: int,
    input_size: tuple[int, int],
    batch: int,
    training: bool = False,
) -> Network:
    """The network for inputs [batch, 3, *input_size]; a batch of -1 stands for any.

    With `training`, batch norms normalise by the batch and set their statistics to its statistics (momentum 0).
    Raises Refusal (input) where the architecture cannot take such inputs.
    """
    paddle.enable_static()
    program, startup = paddle.static.Program(), paddle.static.Program()
    with paddle.utils.unique_name.guard(), paddle.static.program_guard(program, startup):
        model = _construct(architecture, class_count)
        _drop_initialisers(program)
        if training:
            model.train()
            for layer in model.sublayers():
                if isinstance(layer, (paddle.nn.BatchNorm, paddle.nn.BatchNorm2D)):
                    layer._momentum = 0.0
        else:
            model.eval()
        x = paddle.static.data(INPUT, [batch, 3, *input_size], "float32")
        y = _forward(model, x, architecture, input_size)
    if tuple(y.shape) != (batch, class_count):
        raise _cannot_take(architecture, input_size, f"its output has the shape {list(y.shape)}")
    if reason := _oversized_pool(program):
        raise _cannot_take(architecture, input_size, reason)
    # BatchNorm ignores eval() in static mode; the clone for tests is what switches it.
    return Network(
        architecture=architecture,
        program=program if training else program.clone(for_test=True),
        tensors=dict(model.state_dict()),
        input=x,
        output=y,
    )


def _construct(architecture: Architecture, class_count: int) -> paddle.nn.Layer:
    factory = load_factory(architecture.module, architecture.factory)
    with static_construction():
        model = factory(class_num=class_count, **architecture.arguments)
    if architecture.global_pool is not None:
        parent_name, _, name = architecture.global_pool.rpartition(".")
        parent = model
        for part in filter(None, parent_name.split(".")):
            parent = getattr(parent, part)
        if not isinstance(getattr(parent, name), paddle.nn.AvgPool2D):
            raise TypeError(f"{architecture.global_pool} of {architecture.name} is not an average pool")
        setattr(parent, name, paddle.nn.AdaptiveAvgPool2D(1))
    return model


def _drop_initialisers(program: paddle.static.Program) -> None:
    """Take away the initialisers that Twins' constructor leaves in the main program.

    They belong to the startup program. Left here they would be exported, and every run of the exported program
    would overwrite the trained weights with random ones.
    """
    block = program.global_block()
    for index in reversed(range(len(block.ops))):
        op = block.ops[index]
        if not all(block.var(name).persistable for name in op.output_arg_names):
            raise RuntimeError(f"the constructor computes something that is no initialisation: {op.type}")
        block._remove_op(index, sync=False)


def _forward(model: paddle.nn.Layer, x: Any, architecture: Architecture, input_size: tuple[int, int]) -> Any:
    try:
        return model(x)
    # Paddle checks shapes as the graph grows; its errors, and PaddleClas's, are of many classes.
    except Exception as error:
        raise _cannot_take(architecture, input_size, first_words(error)) from error


def _cannot_take(architecture: Architecture, input_size: tuple[int, int], reason: str) -> Refusal:
    return Refusal(
        f"{architecture.name} cannot take inputs of {input_size[0]} x {input_size[1]}: {reason}",
        "Choose the size that the weights were trained for (224 for most published ones)",
        kind="input",
    )


def _oversized_pool(program: paddle.static.Program) -> str | None:
    """What is wrong with the first pool whose window is larger than what it slides over, or None.

    Paddle lets such a pool be (a division that rounds towards zero yields one position); others disagree.
    """
    for op in program.global_block().ops:
        if op.type == "pool2d" and not (op.attr("global_pooling") or op.attr("adaptive")):
            extents = program.global_block().var(op.input("X")[0]).shape[2:]
            paddings = op.attr("paddings")  # [height, width] or [top, bottom, left, right]
            sums = [2 * p for p in paddings] if len(paddings) == 2 else [sum(paddings[:2]), sum(paddings[2:])]
            room = [extent + padding for extent, padding in zip(extents, sums, strict=True)]
            if op.attr("padding_algorithm") == "EXPLICIT" and any(
                window > free for window, free in zip(op.attr("ksize"), room, strict=True)
            ):
                return f"a pool of {op.attr('ksize')} would slide over {list(extents)}"
    return None


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for extent in shape:
        size *= extent
    return size
