"""Tensors in a bundle: their hashes, and inputs without loss in a quarter of their size."""

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

OUTPUT = "output/"
LEVELS, PALETTE, VALUES = "input-levels/", "input-palette/", "input-values/"


def tensor_sha256(name: str, tensor: "np.ndarray") -> str:
    """The hash of one float32 tensor's name, shape and little-endian values, 64 hex digits."""
    digest = hashlib.sha256(f"{name} float32 {list(tensor.shape)}\n".encode())
    digest.update(tensor.astype("<f4", order="C", copy=False).tobytes())
    return digest.hexdigest()


def pack_inputs(inputs: "Mapping[str, np.ndarray]") -> "dict[str, np.ndarray]":
    """Float32 inputs [samples, channels, H, W] as tensors that `unpack_inputs` turns back into the same bits.

    Photos have 256 levels per channel, so the samples that fit into one table of 256 values per channel (`PALETTE`)
    are kept as 8-bit indices into it (`LEVELS`): the leading samples, which the golden photos are. The rest is kept
    as it is (`VALUES`).
    """
    import numpy as np

    packed: dict[str, np.ndarray] = {}
    for name, tensor in inputs.items():
        count = leading_photos(tensor)
        palette = np.zeros((tensor.shape[1], 256), np.float32)
        levels = np.zeros((count, *tensor.shape[1:]), np.uint8)
        for channel in range(tensor.shape[1]):
            values = bit_patterns(tensor[:count, channel])
            distinct = np.unique(values)
            palette[channel, : len(distinct)] = distinct.view(np.float32)
            levels[:, channel] = np.searchsorted(distinct, values)
        packed |= {LEVELS + name: levels, PALETTE + name: palette}
        packed[VALUES + name] = np.ascontiguousarray(tensor[count:], dtype=np.float32)
    return packed


def leading_photos(tensor: "np.ndarray") -> int:
    """How many of the first samples have at most 256 values per channel among them."""
    import numpy as np

    seen: list[np.ndarray] = [np.empty(0, np.uint32)] * tensor.shape[1]
    for index, sample in enumerate(tensor):
        seen = [np.union1d(known, bit_patterns(plane)) for known, plane in zip(seen, sample, strict=True)]
        if max(map(len, seen)) > 256:
            return index
    return len(tensor)


def bit_patterns(values: "np.ndarray") -> "np.ndarray":
    """Float32 values as the integers with the same bits: unlike floats they keep -0 and 0 apart."""
    import numpy as np

    return np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)


def unpack_inputs(tensors: "Mapping[str, np.ndarray]") -> "dict[str, np.ndarray]":
    """The inputs that `pack_inputs` packed. Raises ValueError where the parts do not fit together."""
    import numpy as np

    inputs: dict[str, np.ndarray] = {}
    for key in tensors:
        if not key.startswith(LEVELS):
            continue
        name = key.removeprefix(LEVELS)
        levels, palette, values = (tensors.get(part + name) for part in (LEVELS, PALETTE, VALUES))
        if levels is None or palette is None or values is None or levels.ndim != 4 or levels.dtype != np.uint8:
            raise ValueError(f"the input {name} is not stored as photos and values")
        channels = levels.shape[1]
        if palette.shape != (channels, 256) or values.shape[1:] != levels.shape[1:]:
            raise ValueError(f"the parts of the input {name} do not fit together")
        photos = np.empty(levels.shape, np.float32)
        for channel in range(channels):
            photos[:, channel] = palette[channel][levels[:, channel]]
        inputs[name] = np.concatenate([photos, values.astype(np.float32, copy=False)])
    return inputs
