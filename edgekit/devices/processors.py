"""The processors that can be emulated: 64-bit ones without and with the arithmetic of newer cores, and a 32-bit one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


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
    """An instruction set: its number (Linux's "CPU architecture"), QEMU's program for it, Debian's name of it.

    `platforms` are names of its Python packages' platform, newest first. `by_pip`: uv does not know them, and pip
    fetches. `from_debian` maps Python packages that the index has not built for it to Debian's, which have a version of
    their own; `library_folders` are where those packages' libraries lie, below the system's root.
    """

    name: str
    title: str
    number: int
    emulator: str
    debian: str
    platforms: tuple[str, ...]
    processors: tuple[Processor, ...]
    by_pip: bool = False
    from_debian: Mapping[str, str] = field(default_factory=dict, hash=False)
    library_folders: tuple[str, ...] = ()

    def fetched(self, runtime: Sequence[str]) -> tuple[str, ...]:
        """Those of the pinned packages that come from the index."""
        return tuple(pin for pin in runtime if pin.split("==")[0] not in self.from_debian)


_BASE = "fp asimd evtstrm aes pmull sha1 sha2 crc32 cpuid"

AARCH64 = Architecture(
    "aarch64",
    "ARM64",
    8,
    "qemu-aarch64-static",
    "arm64",
    ("aarch64-manylinux_2_36",),
    (
        # Most boards and cheap phones: no arithmetic in FP16. QEMU's is revision 0, patch 4.
        Processor("cortex-a53", "Cortex-A53", 0xD03, 0, 4, _BASE),
        # Phones since 2019: FP16 arithmetic, dot products. QEMU's is revision 4, patch 1.
        Processor("cortex-a76", "Cortex-A76", 0xD0B, 4, 1, f"{_BASE} atomics fphp asimdhp asimdrdm lrcpc asimddp"),
    ),
)
ARMV7 = Architecture(
    "armv7",
    "ARMv7",
    7,
    "qemu-arm-static",
    "armhf",
    ("manylinux_2_36_armv7l", "manylinux_2_31_armv7l", "manylinux_2_17_armv7l", "manylinux2014_armv7l"),
    (
        # Old boards and watches: NEON, FP16 in memory alone. QEMU's is revision 0, patch 5.
        Processor(
            "cortex-a7",
            "Cortex-A7",
            0xC07,
            0,
            5,
            "half thumb fastmult vfp edsp neon vfpv3 tls vfpv4 idiva idivt vfpd32 lpae evtstrm",
        ),
    ),
    by_pip=True,
    from_debian={"numpy": "python3-numpy"},
    # Debian chooses among them by links that are made when a package is installed, which unpacking does not do.
    library_folders=("usr/lib/arm-linux-gnueabihf/blas", "usr/lib/arm-linux-gnueabihf/lapack"),
)
ARCHITECTURES = (AARCH64, ARMV7)
