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
