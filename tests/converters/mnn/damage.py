"""Damages a `.mnn` file a little, to show that verification sees it."""

from pathlib import Path

import numpy as np

from tests.converters.loading import load


def scale_one_channel(path: Path, factor: float = 1.01) -> str:
    """Multiply the weights of output channel 0 of the first convolution by `factor`; returns the operator's name.

    Only weights in FP32: the bytes are looked for in the file, and stand there once.
    """
    network = load("mnn", "mnn_file").MnnFile.read(path)
    convolution = next(one for one in network.operators if one.type == "Convolution")
    weight = convolution.tensors()["weight"]
    assert weight.dtype == np.float32, "not the weights of a file in FP32"
    content = bytearray(path.read_bytes())
    assert content.count(weight.tobytes()) == 1
    channel = weight.size // convolution.parameters["common"]["outputCount"]
    values = np.frombuffer(content, np.float32, channel, content.find(weight.tobytes()))
    values *= np.float32(factor)
    path.write_bytes(content)
    return convolution.name


def damaged_weights(path: Path, content: bytes, seed: int) -> tuple[str, str, bytes]:
    """The file at `path`, whose `content` that is, with something of its weights in 8 bits changed at random.

    That is a channel's scale, its lowest value, the order of two scales, or an integer, by one step or more, which is
    more than half a step. Returns the tensor's name, what was done (its first word is the kind) and the new content.
    """
    random = np.random.default_rng(seed)
    packed = {}
    for operator in load("mnn", "mnn_file").MnnFile.read(path).operators:
        if "quanParameter" in operator.parameters:
            packed[operator.name] = (
                operator.tensors()["weight"],
                np.asarray(operator.parameters["quanParameter"]["alpha"]),
            )
    kind = ("scale", "swap", "integer", "lowest")[seed % 4]
    # A channel of one value has a scale of zero, and any integers.
    fitting = sorted(name for name, (weight, _) in packed.items() if kind == "lowest" or weight.scale.any())
    operator = str(random.choice(fitting))
    weight, alpha = packed[operator]
    channel = int(random.choice(np.flatnonzero(weight.scale if kind != "lowest" else weight.lowest)))
    if kind == "integer":
        raw = (weight.integers.astype(np.int16) + 128).astype(np.uint8)
        place, steps = int(random.integers(raw.shape[1])), int(random.integers(1, 4))
        changed, before = raw.copy(), int(raw[channel, place])
        changed[channel, place] = before + (-steps if before > 128 else steps)
        what = f"integer {channel}, {place} by {steps}"
    else:
        raw = alpha.astype("<f4").reshape(-1, 2)
        changed = raw.copy()
        factor = np.float32(random.choice([0.5, 0.99, 0.999, 1.001, 1.01, 1.5, -1, 0, np.nan]))
        if kind == "swap":
            other = int(random.choice(np.flatnonzero(weight.scale != weight.scale[channel])))
            changed[[channel, other], 1] = raw[[other, channel], 1]
            what = f"swap of {channel} and {other}"
        else:
            changed[channel, int(kind == "scale")] *= factor
            what = f"{kind} {channel} times {factor}"
    assert content.count(raw.tobytes()) == 1, "these stand in the file once"
    return f"{operator}.weight", what, content.replace(raw.tobytes(), changed.tobytes())
