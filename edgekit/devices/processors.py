"""The processors that can be emulated: of ARM, 64-bit ones without and with the arithmetic of newer cores, and a 32-bit
one; of x86, one whose integers are multiplied as all did before VNNI.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Processor(ABC):
    """A core: `features` are Linux's names for what it can do, `emulated_as` is QEMU's name of it."""

    name: str
    title: str
    features: str

    @property
    @abstractmethod
    def emulated_as(self) -> str:
        """What `qemu -cpu` takes."""

    @property
    def identification(self) -> int | None:
        """The register that says which core it is, where Linux shows it in a file of its own."""
        return None

    @abstractmethod
    def described(self, core: int, cores: int) -> str:
        """The lines of Linux's /proc/cpuinfo on the core of that number, of so many."""


@dataclass(frozen=True)
class ArmProcessor(Processor):
    """A core of Arm's. `part`, `variant` and `revision` identify it (MIDR); `number` is Linux's "CPU architecture"."""

    number: int
    part: int
    variant: int
    revision: int

    @property
    def emulated_as(self) -> str:
        """QEMU calls them as Arm does."""
        return self.name

    @property
    def identification(self) -> int:
        """MIDR_EL1: implementer 0x41 (Arm), variant, architecture 0xf, part, revision (Arm ARM, D19.2.97)."""
        return 0x41 << 24 | self.variant << 20 | 0xF << 16 | self.part << 4 | self.revision

    def described(self, core: int, cores: int) -> str:
        """As Linux on ARM has them."""
        return (
            f"processor\t: {core}\nBogoMIPS\t: 100.00\nFeatures\t: {self.features}\nCPU implementer\t: 0x41\n"
            f"CPU architecture: {self.number}\nCPU variant\t: {self.variant:#x}\nCPU part\t: {self.part:#x}\n"
            f"CPU revision\t: {self.revision}\n"
        )


@dataclass(frozen=True)
class IntelProcessor(Processor):
    """A core of Intel's; `lacking` are those of its features that QEMU does not emulate, by QEMU's names."""

    family: int
    model: int
    stepping: int
    emulated: str
    lacking: tuple[str, ...] = ()

    @property
    def emulated_as(self) -> str:
        """QEMU warns of every feature that it has to leave out."""
        return ",".join((self.emulated, *(f"-{one}" for one in self.lacking)))

    def described(self, core: int, cores: int) -> str:
        """As Linux on x86 has them."""
        return (
            f"processor\t: {core}\nvendor_id\t: GenuineIntel\ncpu family\t: {self.family}\nmodel\t\t: {self.model}\n"
            f"model name\t: {self.title}\nstepping\t: {self.stepping}\nphysical id\t: 0\nsiblings\t: {cores}\n"
            f"core id\t\t: {core}\ncpu cores\t: {cores}\nflags\t\t: {self.features}\n"
        )


@dataclass(frozen=True)
class Architecture:
    """An instruction set: QEMU's program for it, Debian's name of it.

    `platforms` are names of its Python packages' platform, newest first. `by_pip`: uv does not know them, and pip
    fetches. `from_debian` maps Python packages that the index has not built for it to Debian's, which have a version of
    their own; `library_folders` are where those packages' libraries lie, below the system's root.
    """

    name: str
    title: str
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
    "qemu-aarch64-static",
    "arm64",
    ("aarch64-manylinux_2_36",),
    (
        # Most boards and cheap phones: no arithmetic in FP16. QEMU's is revision 0, patch 4.
        ArmProcessor("cortex-a53", "Cortex-A53", _BASE, 8, 0xD03, 0, 4),
        # Phones since 2019: FP16 arithmetic, dot products. QEMU's is revision 4, patch 1.
        ArmProcessor(
            "cortex-a76", "Cortex-A76", f"{_BASE} atomics fphp asimdhp asimdrdm lrcpc asimddp", 8, 0xD0B, 4, 1
        ),
    ),
)
ARMV7 = Architecture(
    "armv7",
    "ARMv7",
    "qemu-arm-static",
    "armhf",
    ("manylinux_2_36_armv7l", "manylinux_2_31_armv7l", "manylinux_2_17_armv7l", "manylinux2014_armv7l"),
    (
        # Old boards and watches: NEON, FP16 in memory alone. QEMU's is revision 0, patch 5.
        ArmProcessor(
            "cortex-a7",
            "Cortex-A7",
            "half thumb fastmult vfp edsp neon vfpv3 tls vfpv4 idiva idivt vfpd32 lpae evtstrm",
            7,
            0xC07,
            0,
            5,
        ),
    ),
    by_pip=True,
    from_debian={"numpy": "python3-numpy"},
    # Debian chooses among them by links that are made when a package is installed, which unpacking does not do.
    library_folders=("usr/lib/arm-linux-gnueabihf/blas", "usr/lib/arm-linux-gnueabihf/lapack"),
)
X86_64 = Architecture(
    "x86_64",
    "x86-64",
    "qemu-x86_64-static",
    "amd64",
    ("x86_64-manylinux_2_36",),
    (
        # AVX2, and neither AVX-512 nor VNNI: Intel's desktops until 2021, AMD's until Zen 3.
        IntelProcessor(
            "haswell",
            "Haswell",
            "fpu tsc cx8 cmov mmx fxsr sse sse2 ht syscall nx lm pni pclmulqdq ssse3 fma cx16 sse4_1 sse4_2 movbe "
            "popcnt aes xsave avx f16c rdrand lahf_lm abm fsgsbase bmi1 avx2 bmi2 erms",
            6,
            60,
            3,
            "Haswell-noTSX",
            ("pcid", "x2apic", "tsc-deadline", "invpcid"),
        ),
    ),
)
ARCHITECTURES = (AARCH64, ARMV7, X86_64)
