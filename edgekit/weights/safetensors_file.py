"""Safetensors files as weights: checked before a worker gets them, written atomically."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgekit.errors import UsageError
from edgekit.files import disk_errors
from edgekit.weights.wording import harmless

if TYPE_CHECKING:
    import numpy as np

# What the Paddle workers take as weights. bfloat16 has no numpy type; narrower floats are no weights to
# start from.
_TYPES = {"F16", "F32", "F64", "I8", "I16", "I32", "I64", "U8", "U16", "U32", "U64", "BOOL"}


def check_safetensors(path: Path) -> None:
    """Check that `path` is a whole safetensors file of plain numbers.

    Raises UsageError that names the file and the way out.
    """
    if path.is_dir():
        raise UsageError(f"{path} is a folder, not a weights file", "Name the .safetensors file in it")
    if not path.is_file():
        raise UsageError(f"{path} does not exist", "Check the path of the weights file")
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            types = {name: file.get_slice(name).get_dtype() for name in file.keys()}  # noqa: SIM118 (no mapping)
    except SafetensorError as error:
        raise UsageError(
            f"{path} is not a whole safetensors file ({_short(error)})", "Copy or download it again"
        ) from error
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read ({error.strerror or _short(error)})", "Check its permissions"
        ) from error
    if not types:
        raise UsageError(f"{path} holds no tensor at all", "Give a file with the model's weights")
    for name, kind in types.items():
        if kind not in _TYPES:
            raise UsageError(
                f'{path} holds "{harmless(name[:60])}" as {kind}', "Save its tensors as float32 or float16"
            )


def write_safetensors(tensors: dict[str, np.ndarray[Any, Any]], path: Path, metadata: dict[str, str]) -> None:
    """Write `tensors` to `path`, whole or not at all.

    Raises ConversionError when the disk is full or read-only.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            save_file(tensors, beside, metadata)
            beside.replace(path)
        except SafetensorError as error:  # it wraps the system's error as text
            raise OSError(None, _short(error)) from error
        finally:
            beside.unlink(missing_ok=True)


def _short(error: Exception) -> str:
    return harmless(str(error)[:120]) or type(error).__name__
