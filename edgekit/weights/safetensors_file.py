"""Safetensors files as weights: checked before a worker gets them, written atomically."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgekit.cache.record import placed
from edgekit.errors import UsageError
from edgekit.untrusted.safetensors_header import read_header
from edgekit.untrusted.wording import harmless
from edgekit.weights.prepare import check_not_quantised, widened_bfloat16

if TYPE_CHECKING:
    import numpy as np

# What the Paddle workers take as weights; floats narrower than 16 bits are no weights to start from.
_TYPES = {"F16", "F32", "I16", "I32", "I64", "U32", "U64", "BOOL"}
_CONVERTED = {"F64", "BF16", "U16"}  # uint16 are the bits of bfloat16 that Paddle gives to numpy


def check_safetensors(path: Path) -> bool:
    """Check that `path` is a whole safetensors file of plain numbers; returns whether the workers take it as it is.

    What is float64 or bfloat16 is to be made float32. Raises UsageError that names the file and the way out.
    """
    if path.is_dir():
        raise UsageError(f"{path} is a folder, not a weights file", "Name the .safetensors file in it")
    types = {name: dtype for name, (dtype, _) in read_header(path).tensors.items()}
    if not types:
        raise UsageError(f"{path} holds no tensor at all", "Give a file with the model's weights")
    for name, kind in types.items():
        check_not_quantised(name, kind, path)
        if kind not in _TYPES | _CONVERTED:
            raise UsageError(
                f'{path} holds "{harmless(name[:60])}" as {kind}', "Save its tensors as float32 or float16"
            )
    return not _CONVERTED.intersection(types.values())


def read_safetensors(path: Path) -> tuple[dict[str, np.ndarray[Any, Any]], int]:
    """The tensors of a file that `check_safetensors` has passed, and how many of them were bfloat16.

    Those are float32 here: numpy has no bfloat16.
    """
    import numpy as np
    from safetensors import deserialize

    types = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BOOL": "?", "BF16": "<u2"}
    types |= {f"{kind}{bits}": f"<{kind.lower()}{bits // 8}" for kind in "IU" for bits in (16, 32, 64)}
    tensors, widened = {}, 0
    for name, stored in deserialize(path.read_bytes()):
        tensor = np.frombuffer(stored["data"], types[stored["dtype"]]).reshape(stored["shape"])
        if stored["dtype"] == "BF16":
            tensor, widened = widened_bfloat16(tensor), widened + 1
        tensors[name] = tensor
    return tensors, widened


def write_safetensors(tensors: dict[str, np.ndarray[Any, Any]], path: Path, metadata: dict[str, str]) -> None:
    """Write `tensors` to `path` in the cache, whole or not at all.

    Raises ConversionError when the disk is full or read-only.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    with placed(path) as beside:
        try:
            save_file(tensors, beside, metadata)
        except SafetensorError as error:  # it wraps the system's error as text
            raise OSError(None, _short(error)) from error


def _short(error: Exception) -> str:
    return harmless(str(error)[:120]) or type(error).__name__
