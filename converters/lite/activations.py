"""Activations that `opt` fuses into other operators, taken apart again.

Which it fuses differs between targets, and so do the names under which it keeps their parameters: a hard swish behind
a depthwise convolution is fused for x86 alone, a ReLU6 behind `fc` or `scale` for ARM alone. What the fusions write
stands in lite/core/optimizer/mir/fusion of Paddle Lite 2.13 (conv_activation, fc, scale_activation and
elementwise_add_activation), and what the runtime reads of it in lite/operators (conv_op.h, fc_op.cc, scale_op.cc,
activation_ops.cc).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ABSENT = "absent"


@dataclass(frozen=True)
class Activation:
    """An activation as an operator of its own: its attributes in words, and what it takes beside X, by slot.

    `attributes` are texts, so that a parameter of 0 is not the same as one that is absent.
    """

    type: str
    attributes: dict[str, str] = field(default_factory=dict)
    operands: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Kind:
    """The parameters of one activation: those of its own operator -> the fused operator's name for each."""

    attributes: dict[str, str] = field(default_factory=dict)
    operands: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Host:
    """An operator that takes activations in: where it names the one, the flag without which it has none, and which."""

    name: str
    kinds: dict[str, _Kind]
    flag: str | None = None
    marks: tuple[str, ...] = ()  # repeat what `name` says

    def belongings(self) -> set[str]:
        """All that the host may say of an activation, and that means nothing without one."""
        return {place for kind in self.kinds.values() for place in kind.attributes.values()}


_CONVOLUTION = _Host(
    name="act_type",
    flag="with_act",
    marks=("fuse_relu", "fuse_sigmoid", "fuse_tanh", "fuse_swish", "fuse_abs"),
    kinds={
        "relu": _Kind(),
        "relu6": _Kind({"threshold": "fuse_brelu_threshold"}),
        "leaky_relu": _Kind({"alpha": "leaky_relu_alpha"}),
        "hard_swish": _Kind(
            {"threshold": "hard_swish_threshold", "scale": "hard_swish_scale", "offset": "hard_swish_offset"}
        ),
        "hard_sigmoid": _Kind({"slope": "slope", "offset": "offset"}),
        "prelu": _Kind({"mode": "prelu_mode"}, {"Alpha": "Prelu_alpha"}),
        "sigmoid": _Kind(),
        "tanh": _Kind(),
        "swish": _Kind({"beta": "swish_scale"}),
        "abs": _Kind(),
    },
)
_FULLY_CONNECTED = _Host("activation_type", {"relu": _Kind(), "relu6": _Kind({"threshold": "alpha"})})
# A fused `scale` keeps ReLU6's threshold twice; the runtime reads `alpha`.
_SCALE = _Host(
    "activation_type",
    {"relu": _Kind(), "relu6": _Kind({"threshold": "alpha"}), "leaky_relu": _Kind({"alpha": "alpha"})},
    marks=("fuse_relu", "threshold"),
)
_ELEMENTWISE = _Host("act_type", {"relu": _Kind(), "tanh": _Kind(), "abs": _Kind()})
_HOSTS = {
    **dict.fromkeys(("conv2d", "depthwise_conv2d", "conv2d_transpose"), _CONVOLUTION),
    "fc": _FULLY_CONNECTED,
    "scale": _SCALE,
    **{f"fusion_elementwise_{kind}_activation": _ELEMENTWISE for kind in ("add", "sub", "mul")},
}


def split_activation(
    kind: str, attributes: Mapping[str, Any], operands: Mapping[str, list[str]]
) -> tuple[dict[str, Any], dict[str, list[str]], Activation | None]:
    """An operator's attributes and operands without the activation fused into it, and that activation, if any.

    One that is not known to be fused into such an operator stays where it is, and makes it another operator.
    """
    host = _HOSTS.get(kind)
    if host is None:
        return dict(attributes), dict(operands), None
    name = str(attributes.get(host.name) or "")
    fused = host.kinds.get(name) if host.flag is None or attributes.get(host.flag) else None
    if name and fused is None:
        return dict(attributes), dict(operands), None
    dropped = host.belongings()
    if fused is None:
        return {place: value for place, value in attributes.items() if place not in dropped}, dict(operands), None
    activation = Activation(
        name,
        {own: _told(attributes, place) for own, place in fused.attributes.items()},
        {own: operands.get(place, []) for own, place in fused.operands.items()},
    )
    dropped |= {host.name, *host.marks} | ({host.flag} if host.flag else set())
    moved = set(fused.operands.values())
    return (
        {place: value for place, value in attributes.items() if place not in dropped},
        {slot: values for slot, values in operands.items() if slot not in moved},
        activation,
    )


def own_activation(kind: str, attributes: Mapping[str, Any], operands: Mapping[str, list[str]]) -> Activation | None:
    """An operator that is one of those activations; None for any other operator."""
    known = _CONVOLUTION.kinds.get(kind)
    if known is None:
        return None
    own = {name: _told(attributes, name) for name in known.attributes}
    return Activation(kind, own, {slot: operands.get(slot, []) for slot in known.operands})


def _told(attributes: Mapping[str, Any], name: str) -> str:
    return repr(attributes[name]) if name in attributes else ABSENT
