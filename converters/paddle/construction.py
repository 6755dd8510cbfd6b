"""Constructs a PaddleClas network as Python objects, without running its random initialisers.

In dynamic mode, since constructors compute: tables of relative positions, drop rates out of `linspace`, masks. In
static mode those would be promises without values, or operators of the program that every run repeats.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from architecture import Architecture
from paddle.nn.initializer import Constant
from paddle.nn.initializer.initializer import Initializer
from paddle_runtime import paddle
from paddleclas_loader import ARCHITECTURES, load_factory


def construct(architecture: Architecture, class_count: int) -> paddle.nn.Layer:
    """The network for evaluation, in dynamic mode; its parameters are zeros, what its constructor computed is there."""
    paddle.disable_static()
    arguments = dict(architecture.arguments)
    if architecture.class_argument is not None:
        arguments[architecture.class_argument] = class_count
    factory = load_factory(architecture.module, architecture.factory)
    with _zeros_for_initialisers():
        model = factory(**arguments)
        if architecture.neck is not None:
            model = _with_neck(model, architecture)
    if architecture.global_pool is not None:
        _make_pool_global(model, architecture)
    model.eval()
    return model


class Recogniser(paddle.nn.Layer):
    """A backbone and the neck that makes features of its last layer, named as PaddleClas's RecModel names them."""

    def __init__(self, backbone: paddle.nn.Layer, neck: paddle.nn.Layer) -> None:
        super().__init__()
        self.backbone = backbone
        self.neck = neck

    def forward(self, x: Any) -> Any:
        """Images to features."""
        return self.neck(self.backbone(x))


def _with_neck(backbone: Any, architecture: Architecture) -> paddle.nn.Layer:
    neck = dict(architecture.neck or {})
    backbone.stop_after(neck["after"])
    return Recogniser(backbone, load_factory(neck["module"], neck["factory"], ARCHITECTURES)(**neck["arguments"]))


def constants(model: paddle.nn.Layer) -> dict[str, np.ndarray]:
    """What the constructor computed and `forward` reads, by its name in the program: buffers, no parameters."""
    return {buffer.name: buffer.numpy() for buffer in model.buffers() if not _is_parameter(buffer)}


def is_trained(tensor: Any) -> bool:
    """Whether a tensor of the state is drawn or trained, and not computed by the constructor."""
    return _is_parameter(tensor)


def _is_parameter(tensor: Any) -> bool:
    return isinstance(tensor, paddle.base.framework.EagerParamBase)


@contextmanager
def _zeros_for_initialisers() -> Iterator[None]:
    """Every parameter comes from the weights; drawing 300 million of them first takes seconds."""
    original, zero = Initializer.__call__, Constant(0.0)

    def fill(self: Initializer, parameter: Any, block: Any = None) -> Any:
        return zero.forward(parameter, block)

    Initializer.__call__ = fill
    try:
        yield
    finally:
        Initializer.__call__ = original


def _make_pool_global(model: paddle.nn.Layer, architecture: Architecture) -> None:
    parent_name, _, name = str(architecture.global_pool).rpartition(".")
    parent: Any = model
    for part in filter(None, parent_name.split(".")):
        parent = getattr(parent, part)
    if not isinstance(getattr(parent, name), paddle.nn.AvgPool2D):
        raise TypeError(f"{architecture.global_pool} of {architecture.name} is not an average pool")
    setattr(parent, name, paddle.nn.AdaptiveAvgPool2D(1))
