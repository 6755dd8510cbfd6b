"""Small libraries written by hand: no code, but headers as compilers write them."""

import struct

AARCH64, ARMV7, X86_64 = (183, 64), (40, 32), (62, 64)


def shared(machine: tuple[int, int] = AARCH64, needed: tuple[str, ...] = ("libm.so.6", "libc.so.6")) -> bytes:
    """A shared library for a processor (e_machine and the width of addresses) that needs others."""
    code, bits = machine
    wide = bits == 64
    header_size, entry_size, each = (64, 56, 16) if wide else (52, 32, 8)
    names = b"\0" + b"".join(name.encode() + b"\0" for name in needed)
    dynamic_at = header_size + 2 * entry_size
    dynamic = [(1, 1 + sum(len(other) + 1 for other in needed[:number])) for number in range(len(needed))]
    dynamic_size = (len(dynamic) + 2) * each
    names_at = dynamic_at + dynamic_size
    base = 0x10000
    dynamic += [(5, base + names_at), (0, 0)]
    total = names_at + len(names)
    word = "Q" if wide else "I"
    header = b"\x7fELF" + bytes([bits // 32, 1, 1]) + bytes(9)
    header += struct.pack("<HHI", 3, code, 1) + struct.pack(f"<3{word}I", 0, header_size, 0, 0)
    header += struct.pack("<6H", header_size, entry_size, 2, 0, 0, 0)
    segments = b""
    for kind, place, size in ((1, 0, total), (2, dynamic_at, dynamic_size)):
        if wide:
            segments += struct.pack("<IIQQQQQQ", kind, 0, place, base + place, base + place, size, size, 1)
        else:
            segments += struct.pack("<IIIIIIII", kind, place, base + place, base + place, size, size, 0, 1)
    return header + segments + b"".join(struct.pack(f"<2{word}", *entry) for entry in dynamic) + names


def archive(machine: tuple[int, int] = AARCH64) -> bytes:
    """A static library: an index, then one object file."""
    code, bits = machine
    object_file = b"\x7fELF" + bytes([bits // 32, 1, 1]) + bytes(9) + struct.pack("<HHI", 1, code, 1) + bytes(33)
    return b"!<arch>\n" + _member(b"/", b"\0\0\0") + _member(b"a.o/", object_file)


def _member(name: bytes, content: bytes) -> bytes:
    header = (
        name.ljust(16) + b"0".ljust(12) + b"0".ljust(6) * 2 + b"644".ljust(8) + str(len(content)).encode().ljust(10)
    )
    return header + b"`\n" + content + b"\n" * (len(content) % 2)
