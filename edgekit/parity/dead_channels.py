"""Channels that never change: they take time and memory, and say nothing.

The typical one lies behind a rectifier that lets nothing through. A network has them from its training, so that they
are told and never judged.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from edgekit.parity.ranges import Ranges, TensorRange

SAME = 2.0**-23
"""Two values are one that differ by this share of their layer's largest magnitude: FP32's own step."""
NAMED = 2
MOVES = frozenset(
    {
        "concat",
        "dropout",
        "flatten",
        "flatten_contiguous_range",
        "pad3d",
        "pool2d",
        "reshape",
        "reshape2",
        "shuffle_channel",
    }
    | {"slice", "split", "split_with_num", "squeeze", "squeeze2", "strided_slice", "transpose", "transpose2"}
    | {"unsqueeze", "unsqueeze2"}
)
"""Types of layers that hand on what others have computed: a channel that is dead in one was so before."""


@dataclass(frozen=True)
class DeadChannels:
    """The `channels` of a layer that have one value at every place of every sample.

    `fresh` are those that die in it: that are not so in the layer before it, as a rectifier's are behind a
    normalisation, and of a layer that only moves values none.
    """

    layer: TensorRange
    channels: tuple[int, ...]
    fresh: tuple[int, ...]


def dead_channels(measured: Sequence[Ranges]) -> list[DeadChannels]:
    """The dead channels of each tensor, folded ones and inputs too, in order; `measured` are of one program.

    A channel is dead where it is in all of them, at the same value. Raises ValueError where they are of several
    programs.
    """
    found: list[DeadChannels] = []
    before: DeadChannels | None = None
    for tensors in zip(*(one.tensors for one in measured), strict=True):
        layer, dead = tensors[0], always(tensors)
        # What is folded is computed inside the next layer, whose own channels these are.
        counts = not layer.folded and layer.type not in (*MOVES, "input")
        inherited = before.channels if before is not None and before.layer.channels == layer.channels else ()
        one = DeadChannels(layer, dead, tuple(sorted({*dead} - {*inherited})) if counts else ())
        found.append(one)
        before = one if counts else before
    return found


def always(tensors: Sequence[TensorRange]) -> tuple[int, ...]:
    """The channels that have one value in all measurements of a tensor."""
    step = SAME * max(one.magnitude for one in tensors)
    first, *others = (dict(one.constant) for one in tensors)
    return tuple(
        channel
        for channel, value in first.items()
        if all(channel in other and abs(other[channel] - value) <= step for other in others)
    )


def dead_words(found: Sequence[DeadChannels]) -> str:
    """One sentence on the dead channels of a network, those with most of them named; empty where it has none."""
    layers = sorted((one for one in found if one.fresh), key=lambda one: -len(one.fresh))
    if not layers:
        return ""
    count = sum(len(one.fresh) for one in layers)
    named = ", ".join(
        f"{len(one.fresh)} of {one.layer.channels} in {one.layer.name} ({one.layer.type})" for one in layers[:NAMED]
    )
    more = f" and others in {rest} more of its layers" if (rest := len(layers) - NAMED) > 0 else ""
    never = "1 channel of the network never changes" if count == 1 else f"{count} channels of the network never change"
    return f"{never} ({named}{more}), which is no fault of the conversion"
