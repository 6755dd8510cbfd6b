"""The header of an engine file of TensorRT-RTX: what can be read of an engine without a GPU.

The format is not documented; this is what 1.7.1.116 writes, seen by building engines for one compute capability
after another and comparing them. The runtime reads the same 64 bytes (`Runtime.engine_header_size`).
"""

import struct
from dataclasses import dataclass

HEADER_BYTES = 64
_MAGIC = b"vtrt"
# magic, 0, format, size of the whole file, version as four bytes, magic, one bit for each compute capability
_LAYOUT = struct.Struct("<4sIQQ4s4sQ")
_BITS = {0: "sm75", 1: "sm80", 2: "sm86", 3: "sm89", 4: "sm120", 5: "sm121"}


class Damaged(Exception):
    """It is no engine of TensorRT-RTX, or not a whole one."""


@dataclass(frozen=True)
class Header:
    """`version` as in "1.7.1.116"; `compute_capabilities` that the engine is for, oldest first, such as "sm86"."""

    version: str
    compute_capabilities: list[str]

    @property
    def tool(self) -> str:
        """The tool that wrote it."""
        return f"TensorRT-RTX {self.version}"


def read_header(engine: bytes) -> Header:
    """The header of the engine file with the content `engine`. Raises Damaged."""
    if len(engine) < HEADER_BYTES:
        raise Damaged(f"the engine has {len(engine)} bytes, fewer than its header")
    magic, _, _, size, version, second, bits = _LAYOUT.unpack_from(engine)
    if magic != _MAGIC or second != _MAGIC:
        raise Damaged("the file does not begin as an engine of TensorRT-RTX does")
    if size != len(engine):
        raise Damaged(f"the engine has {len(engine)} bytes, its header says {size}")
    if unknown := [bit for bit in range(64) if bits >> bit & 1 and bit not in _BITS]:
        raise Damaged(f"the engine's header names unknown GPUs (bits {unknown})")
    return Header(".".join(map(str, version)), [name for bit, name in _BITS.items() if bits >> bit & 1])
