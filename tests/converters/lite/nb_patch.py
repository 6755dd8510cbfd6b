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


def damaged_eight_bits(content: bytes, seed: int) -> tuple[str, bytes]:
    """A file in 8 bits of which something is changed at random: a weight's scale, the order of two, a value's step, an
    integer. Returns what was done, and the content.
    """
    model = load("lite", "nb_format").parse_nb(content)
    random = np.random.default_rng(seed)
    inside = [operator for operator in model.operators if operator.attributes.get("enable_int8")]
    operator = inside[int(random.integers(len(inside)))]
    slot = "Filter" if "Filter" in operator.inputs else "W"
    name = operator.inputs[slot][0]
    kind = ("scale", "swap", "integer", "step")[seed % 4]
    factor = random.choice([0.5, 0.99, 0.999, 1.001, 1.01, 1.5, -1, 0, np.nan])
    changed = bytearray(content)
    if kind == "integer":
        parameter = model.parameters[name]
        values = np.frombuffer(changed, np.int8, parameter.values.size, parameter.offset)
        place, steps = int(random.integers(values.size)), int(random.integers(1, 4))
        values[place] += -steps if values[place] > 0 else steps
        return f"integer {place} of {name} by {steps}", bytes(changed)
    if kind == "step":
        # Of what is read, or of what the operator before it writes: each stands in the file on its own.
        raw = np.array(
            operator.attributes[f"{'Input' if slot in ('Filter', 'W') else 'X'}0_scale"], np.float32
        ).tobytes()
        places = [at for at in range(len(content)) if content.startswith(raw, at)]
        place = places[int(random.integers(len(places)))]
        new = np.frombuffer(raw, np.float32) * np.float32(factor)
        changed[place : place + 4] = new.tobytes()
        return f"step of {name} at {place} times {factor}", bytes(changed)
    kept = np.array(operator.attributes[f"{slot}0_scale"], np.float32)
    scales = kept.copy()
    first = int(random.integers(scales.size))
    if kind == "swap":
        second = int(random.choice(np.flatnonzero(scales != scales[first])))
        scales[[first, second]] = scales[[second, first]]
    else:
        scales[first] *= np.float32(factor)
    place = content.index(kept.tobytes())
    changed[place : place + kept.nbytes] = scales.tobytes()
    return f"{kind} of {name}", bytes(changed)
