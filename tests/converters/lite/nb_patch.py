"""Damage done to a `.nb` file on purpose, to prove that verification notices."""

from pathlib import Path

import numpy as np


def scale_channel(source: Path, target: Path, offset: int, values: np.ndarray, channel: int, factor: float) -> None:
    """Copy `source` to `target` with one output channel of a stored weight multiplied by `factor`.

    `values` [output channels, ...] and `offset`, where they start in the file, are a `nb_format.Parameter`'s.
    """
    changed = np.array(values)
    changed[channel] *= np.float32(factor)
    content = bytearray(source.read_bytes())
    content[offset : offset + changed.nbytes] = changed.tobytes()
    target.write_bytes(content)
