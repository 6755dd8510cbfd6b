"""Makes of the tensors in a weights file what the export takes: finite float32 and float16."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgekit.errors import UsageError
from edgekit.untrusted.wording import harmless

if TYPE_CHECKING:
    import numpy as np

BFLOAT16_NOTE = "{count} of its {total} tensors are bfloat16, converted exactly to float32"


def for_export(
    tensors: Mapping[str, np.ndarray[Any, Any]], path: Path, also_bfloat16: int = 0
) -> tuple[dict[str, np.ndarray[Any, Any]], str]:
    """The tensors of the file `path` with float64 narrowed to float32 and bfloat16 widened, and a note on the latter.

    paddle.save writes bfloat16 as uint16, the type that Paddle's `Tensor.numpy()` gives it; no parameter of a network
    is a uint16 of its own. `also_bfloat16` are those that the reader has widened already. Raises UsageError for 8-bit
    integers, which only quantised weights hold, and for NaN and infinity.
    """
    import numpy as np

    ready, widened = {}, also_bfloat16
    for name, tensor in tensors.items():
        check_not_quantised(name, tensor.dtype.name, path)
        if tensor.dtype == np.uint16:
            tensor, widened = widened_bfloat16(tensor), widened + 1
        if tensor.dtype.kind == "f" and not np.isfinite(tensor).all():
            raise UsageError(
                f'{path} holds NaN or infinity in "{harmless(name[:60])}"',
                "Its training has diverged or the file is damaged",
            )
        with np.errstate(over="ignore"):
            narrow = tensor.astype(np.float32) if tensor.dtype == np.float64 else tensor
        if narrow is not tensor and not np.isfinite(narrow).all():
            raise UsageError(
                f'{path} holds a number in "{harmless(name[:60])}" that float32 does not hold',
                "Its training has diverged or the file is damaged",
            )
        ready[name] = np.ascontiguousarray(narrow).reshape(tensor.shape)
    return ready, BFLOAT16_NOTE.format(count=widened, total=len(ready)) if widened else ""


def check_not_quantised(name: str, dtype: str, path: Path) -> None:
    """Raise UsageError for 8-bit integers (int8, uint8, as numpy or safetensors name them)."""
    if dtype in ("int8", "uint8", "I8", "U8"):
        kind = {"I8": "int8", "U8": "uint8"}.get(dtype, dtype)
        raise UsageError(
            f'{path} holds "{harmless(name[:60])}" as {kind}: its weights are quantised already',
            "Give the float32 weights that they were made from",
        )


def widened_bfloat16(bits: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Float32 from the bits of bfloat16 (uint16): its upper half, so every value stays what it was."""
    import numpy as np

    return (bits.astype(np.uint32) << 16).view(np.float32)
