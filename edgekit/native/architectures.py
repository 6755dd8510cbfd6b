"""The architectures that programs are built for: compilers, how ncnn is told of them, and how they run here."""

import platform
from dataclasses import dataclass, field
from typing import Literal

from edgekit.errors import UsageError

System = Literal["Linux", "Emscripten"]


@dataclass(frozen=True)
class Architecture:
    """An instruction set with the system that programs for it run on.

    `triple` is GNU's name, which its compilers' names begin with; `package` is Debian's package of the C++ compiler.
    `flags` go to the compiler. `settings` are ncnn's options for every model, `half` those for one in FP16.
    `emulator` is the program that runs its executables on another machine, for a processor by precision.
    """

    name: str
    title: str
    triple: str
    package: str
    emulator: str
    emulator_package: str
    processors: dict[str, str] = field(default_factory=dict)
    system: System = "Linux"
    flags: tuple[str, ...] = ()
    settings: dict[str, bool] = field(default_factory=dict)
    half: dict[str, bool] = field(default_factory=dict)

    @property
    def is_host(self) -> bool:
        """Whether this machine runs its programs itself."""
        return self.system == platform.system() and self.name == platform.machine()

    @property
    def executable(self) -> str:
        """What the runner is called there."""
        return "edgekit_runner.js" if self.system == "Emscripten" else "edgekit_runner"


# Kernels for INT8 and BF16, and for processors of AMD from 2011 to 2014: no artifact needs them.
_X86_OFF = (
    "XOP", "FMA4", "AVXVNNI", "AVXVNNIINT8", "AVXVNNIINT16", "AVXNECONVERT", "AVX512VNNI", "AVX512BF16", "AVX512FP16",
)  # fmt: skip
_ARM_OFF = ("ARM82DOT", "ARM84BF16", "ARM84I8MM", "ARM86SVE")

ARCHITECTURES = (
    Architecture(
        "x86_64",
        "x86-64",
        "x86_64-linux-gnu",
        "g++-x86-64-linux-gnu",
        "qemu-x86_64-static",
        "qemu-user-static",
        {"fp32": "max", "fp16": "max"},
        settings={f"NCNN_{name}": False for name in _X86_OFF} | {"NCNN_F16C": False},
        half={"NCNN_F16C": True},
    ),
    Architecture(
        "aarch64",
        "ARM64",
        "aarch64-linux-gnu",
        "g++-aarch64-linux-gnu",
        "qemu-aarch64-static",
        "qemu-user-static",
        # The first has no arithmetic in FP16, the second has.
        {"fp32": "cortex-a53", "fp16": "cortex-a76"},
        settings={f"NCNN_{name}": False for name in ("ARM82", *_ARM_OFF)},
        half={"NCNN_ARM82": True},
    ),
    Architecture(
        "armv7",
        "ARMv7 with NEON",
        "arm-linux-gnueabihf",
        "g++-arm-linux-gnueabihf",
        "qemu-arm-static",
        "qemu-user-static",
        {"fp32": "cortex-a7", "fp16": "cortex-a7"},
        # Debian's compiler leaves NEON out unless told.
        flags=("-march=armv7-a", "-mfloat-abi=hard", "-mfpu=neon"),
    ),
    Architecture(
        "wasm",
        "WebAssembly",
        "wasm32-emscripten",
        "emscripten",
        "node",
        "nodejs",
        system="Emscripten",
        settings={"NCNN_OPENMP": False, "NCNN_THREADS": False, "NCNN_RUNTIME_CPU": False},
    ),
)


def find_architecture(name: str) -> Architecture:
    """The architecture of a name. Raises UsageError, with the list, for one that is none."""
    for one in ARCHITECTURES:
        if one.name == name.strip().lower():
            return one
    known = ", ".join(one.name for one in ARCHITECTURES)
    raise UsageError(f"there is no architecture {name}", f"Packages are built for {known}.")
