"""Builds a PaddleClas network as a static-graph program.

Its Python objects are constructed in dynamic mode (`construction.py`), then `forward` is called once on a static
input: Python's own control flow runs, and each operator is written down. No operator runs, and no source is rewritten
as `paddle.jit.to_static` does, which takes several times as long; the parameters' values are put into the scope, see
`weights.py`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from architecture import Architecture
from branches import fold_branches, has_branches
from construction import constants, construct, is_trained
from edgeworker.refusal import Refusal
from paddle.base.dygraph.base import _to_static_mode_guard_
from paddle_runtime import first_words, paddle

INPUT, OUTPUT = "x", "logits"
STATISTICS = ("_mean", "_variance")  # the ends of the names of a batch norm's running statistics
BATCH_NORMS = (paddle.nn.BatchNorm, paddle.nn.layer.norm._BatchNormBase)


@dataclass(frozen=True)
class Network:
    """A built program. `tensors`: every parameter and statistic by its structured name, as in `state_dict`.

    `constants`: by the program's name, what the constructor computed (tables of positions, masks). `folded`: the values
    of `tensors` where branches were folded into one convolution, else None: they are the weights'. `foldable`: whether
    there are such branches.
    """

    architecture: Architecture
    program: paddle.static.Program
    tensors: dict[str, Any]
    constants: dict[str, np.ndarray]
    input: Any
    output: Any
    foldable: bool
    folded: dict[str, np.ndarray] | None = None

    @property
    def parameters(self) -> int:
        """Trained values: weights, biases, scales; without the running statistics."""
        return sum(_size(v.shape) for name, v in self.trained.items() if not name.endswith(STATISTICS))

    @property
    def trained(self) -> dict[str, Any]:
        """The tensors that weights must hold: all but what the constructor computes."""
        return {name: variable for name, variable in self.tensors.items() if is_trained(variable)}

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Structured name -> shape, of every tensor."""
        return {name: tuple(variable.shape) for name, variable in self.tensors.items()}


def build(
    architecture: Architecture,
    class_count: int,
    input_size: tuple[int, int],
    batch: int,
    training: bool = False,
    weights: dict[str, np.ndarray] | None = None,
    from_source: bool = False,
) -> Network:
    """The network for inputs [batch, 3, *input_size]; a batch of -1 stands for any.

    With `training`, batch norms normalise by the batch and set their statistics to its statistics (momentum 0); all
    else is as in evaluation. With `weights` that fit, branches which PaddleClas folds at export are folded.
    `from_source` lets Paddle rewrite the source of `forward`, whatever it does.
    Raises Refusal (input) where the architecture cannot take such inputs.
    """
    with paddle.utils.unique_name.guard():
        model = construct(architecture, class_count)
        folded = None
        if weights is not None:
            model, folded = fold_branches(model, weights, lambda: construct(architecture, class_count), input_size)
        values = constants(model)
        for layer in model.sublayers():
            if training and isinstance(layer, BATCH_NORMS):
                layer.train()
                layer._momentum = 0.0
        program, x, y = _written_down(model, architecture, batch, input_size, from_source=from_source)
    if y.shape[0] != batch or len(y.shape) < 2 or (architecture.head is not None and y.shape[1] != class_count):
        raise _cannot_take(architecture, input_size, f"its output has the shape {list(y.shape)}")
    if reason := _oversized_pool(program):
        raise _cannot_take(architecture, input_size, reason)
    # BatchNorm ignores eval() in static mode; the clone for tests is what switches it.
    return Network(
        architecture=architecture,
        program=program if training else program.clone(for_test=True),
        tensors=dict(model.state_dict()),
        constants=values,
        input=x,
        output=y,
        foldable=any(has_branches(layer) for layer in model.sublayers()),
        folded=folded,
    )


def _written_down(
    model: paddle.nn.Layer,
    architecture: Architecture,
    batch: int,
    input_size: tuple[int, int],
    *,
    from_source: bool,
) -> tuple[paddle.static.Program, Any, Any]:
    """The program that `forward` makes, its input and its output.

    Raises Refusal (input) where the architecture cannot take such inputs.
    """
    shape = [batch, 3, *input_size]
    try:
        try:
            return _transformed(model, shape) if from_source else _called(model, shape)
        except NeedsSource:
            return _transformed(model, shape)
    # Paddle checks shapes as the graph grows; its errors, and PaddleClas's, are of many classes.
    except Exception as error:
        raise _cannot_take(architecture, input_size, first_words(error)) from error


def _called(model: paddle.nn.Layer, shape: list[int]) -> tuple[paddle.static.Program, Any, Any]:
    """Calls `forward` as it is. Raises NeedsSource where that would write down something else than it computes."""
    paddle.enable_static()
    program, startup = paddle.static.Program(), paddle.static.Program()
    with paddle.static.program_guard(program, startup):
        x = paddle.static.data(INPUT, shape, "float32")
        with _to_static_mode_guard_(True), _faithful_variables():
            y = model(x)
    return program, x, _first(y)


def _transformed(model: paddle.nn.Layer, shape: list[int]) -> tuple[paddle.static.Program, Any, Any]:
    """Lets Paddle rewrite the source of `forward` first; its branches and assignments become operators."""
    paddle.disable_static()
    spec = paddle.static.InputSpec([None if extent < 0 else extent for extent in shape], "float32", name=INPUT)
    written = paddle.jit.to_static(model, input_spec=[spec], full_graph=True).forward.concrete_program
    paddle.enable_static()
    return written.main_program, written.inputs[-1], _first(written.outputs)


def _first(outputs: Any) -> Any:
    """The first output is the classifier's; those behind it are auxiliary ones, which only training needs."""
    return outputs[0] if isinstance(outputs, (list, tuple)) else outputs


class NeedsSource(Exception):
    """`forward` does what a call on variables does not show: only its source tells."""


@contextmanager
def _faithful_variables() -> Iterator[None]:
    """Variables that do what tensors do, or refuse.

    A branch on a value that the program computes would be taken always, since a variable has no `__bool__` (Paddle's
    own functions ask so whether they have a parameter). An assignment to a part of a variable (ReXNet, TNT, Swin's
    mask) gives a new one in a static graph: the Python object becomes that one, so that all who hold it see the change.
    """
    variable = paddle.static.Variable
    assign = variable.__setitem__

    def refuse_truth(self: Any) -> bool:
        if self.persistable:
            return True
        raise NeedsSource(f"a branch on the value of {self.name}")

    def assign_part(self: Any, places: Any, values: Any) -> None:
        if self.persistable or self.block.idx:
            raise NeedsSource(f"an assignment to a part of {self.name}")
        become(self, paddle.static.setitem(self, places, values))

    variable.__bool__, variable.__setitem__ = refuse_truth, assign_part
    try:
        yield
    finally:
        del variable.__bool__
        variable.__setitem__ = assign


def become(variable: Any, written: Any) -> None:
    """Make a Python object stand for another variable of its block; what it stood for gets an object of its own."""
    names = variable.block.vars
    names[variable.name] = copy(variable)
    vars(variable).clear()
    vars(variable).update(vars(written))
    names[variable.name] = variable


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
