"""Damage done to a `.nb` file on purpose, to prove that verification notices."""

from pathlib import Path

import numpy as np

from tests.converters.loading import load


def scale_channel(source: Path, target: Path, offset: int, values: np.ndarray, channel: int, factor: float) -> None:
    """Copy `source` to `target` with one output channel of a stored weight multiplied by `factor`.

    `values` [output channels, ...] and `offset`, where they start in the file, are a `nb_format.Parameter`'s.
    """
    changed = np.array(values)
    changed[channel] *= np.float32(factor)
    content = bytearray(source.read_bytes())
    content[offset : offset + changed.nbytes] = changed.tobytes()
    target.write_bytes(content)


def patched_scale(content: bytes, damage: str) -> tuple[str, bytes]:
    """A file with integers for weights, of which one scale is a thousandth larger, or one integer is 2 steps off.

    Returns the parameter's name and the content.
    """
    model = load("lite", "nb_format").parse_nb(content)
    name = next(name for name, one in model.parameters.items() if one.values.dtype.kind == "i" and one.values.ndim > 1)
    parameter = model.parameters[name]
    changed = bytearray(content)
    if damage == "integer":
        place = int(np.argmin(np.abs(parameter.values.ravel().astype(np.int64))))
        values = np.frombuffer(changed, parameter.values.dtype, parameter.values.size, parameter.offset)
        values[place] += 2
    else:
        scales = next(
            operator.attributes[f"{name}_quant_scale"]
            for operator in model.operators
            if f"{name}_quant_scale" in operator.attributes
        )
        raw = np.array(scales, np.float32).tobytes()
        place = content.index(raw)
        first = np.frombuffer(changed, np.float32, 1, place) * np.float32(1.001)
        changed[place : place + 4] = first.tobytes()
    return name, bytes(changed)


def damaged_weights(content: bytes, seed: int) -> tuple[str, str, bytes]:
    """A file with integers for weights of which something is changed at random: a scale, the order of two, an integer.

    An integer moves by one step or more, which is more than half a step. Returns the parameter's name, what was done
    (its first word is the kind) and the content.
    """
    model = load("lite", "nb_format").parse_nb(content)
    random = np.random.default_rng(seed)
    kept = {
        name.removesuffix("_quant_scale"): np.atleast_1d(np.array(value, np.float32))
        for operator in model.operators
        for name, value in operator.attributes.items()
        if name.endswith("_quant_scale")
    }
    name = str(random.choice(sorted(kept)))
    scales, parameter = kept[name].copy(), model.parameters[name]
    changed = bytearray(content)
    kind = ("scale", "swap", "integer")[seed % 3]
    if kind == "integer":
        values = np.frombuffer(changed, parameter.values.dtype, parameter.values.size, parameter.offset)
        place, steps = int(random.integers(values.size)), int(random.integers(1, 4))
        values[place] += -steps if values[place] > 0 else steps
        return name, f"integer {place} by {steps}", bytes(changed)
    first = int(random.choice(np.flatnonzero(scales)))
    if kind == "swap":
        second = int(random.choice(np.flatnonzero(scales != scales[first])))
        scales[[first, second]] = scales[[second, first]]
        what = f"swap of {first} and {second}"
    else:
        factor = random.choice([0.5, 0.99, 0.999, 1.001, 1.01, 1.5, -1, 0, np.nan])
        scales[first] *= np.float32(factor)
        what = f"scale {first} times {factor}"
    raw = kept[name].tobytes()
    assert content.count(raw) == 1, "the scales stand in the file once"
    place = content.index(raw)
    changed[place : place + len(raw)] = scales.tobytes()
    return name, what, bytes(changed)
