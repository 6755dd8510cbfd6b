"""The processors that can be emulated: one without and one with the arithmetic of newer cores."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Processor:
    """A core by QEMU's name. `part` and `revision` identify it (Arm's MIDR), `features` are Linux's names for it."""

    name: str
    title: str
    part: int
    variant: int
    revision: int
    features: str

    @property
    def identification(self) -> int:
        """MIDR_EL1: implementer 0x41 (Arm), variant, architecture 0xf, part, revision (Arm ARM, D19.2.97)."""
        return 0x41 << 24 | self.variant << 20 | 0xF << 16 | self.part << 4 | self.revision


@dataclass(frozen=True)
class Architecture:
    """An instruction set: what people call it, QEMU's program for it, Debian's name of it, uv's name of its Python
    packages' platform."""

    name: str
    title: str
    emulator: str
    debian: str
    platform: str
    processors: tuple[Processor, ...]


_BASE = "fp asimd evtstrm aes pmull sha1 sha2 crc32 cpuid"

AARCH64 = Architecture(
    "aarch64",
    "ARM64",
    "qemu-aarch64-static",
    "arm64",
    "aarch64-manylinux_2_36",
    (
        # Most boards and cheap phones: no arithmetic in FP16. QEMU's is revision 0, patch 4.
        Processor("cortex-a53", "Cortex-A53", 0xD03, 0, 4, _BASE),
        # Phones since 2019: FP16 arithmetic, dot products. QEMU's is revision 4, patch 1.
        Processor("cortex-a76", "Cortex-A76", 0xD0B, 4, 1, f"{_BASE} atomics fphp asimdhp asimdrdm lrcpc asimddp"),
    ),
)
ARCHITECTURES = (AARCH64,)
