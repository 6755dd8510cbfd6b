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
    `flags` go to the compiler. `settings` are ncnn's options for every model, `lowered` those for one in
    another precision than FP32.
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
    lowered: dict[str, dict[str, bool]] = field(default_factory=dict)

    def settings_for(self, precision: str) -> dict[str, bool]:
        """ncnn's options for a model of a precision."""
        integers = ("NCNN_INT8", "NCNN_WEIGHT_QUANT") if precision == "int8" else ()
        return self.settings | dict.fromkeys(integers, True) | self.lowered.get(precision, {})

    @property
    def is_host(self) -> bool:
        """Whether this machine runs its programs itself."""
        return self.system == platform.system() and self.name == platform.machine()

    @property
    def executable(self) -> str:
        """What the runner is called there."""
        return "edgekit_runner.js" if self.system == "Emscripten" else "edgekit_runner"


# Kernels for BF16, and for processors of AMD from 2011 to 2014: no artifact needs them. Those for INT8 come with INT8.
# AVXVNNIINT8 is of processors since 2024, and of compilers since g++ 13: where it is asked for, ncnn does not look
# whether the compiler has it.
_X86_INT8 = ("AVXVNNI", "AVX512VNNI")
_X86_OFF = ("XOP", "FMA4", *_X86_INT8, "AVXVNNIINT8", "AVXVNNIINT16", "AVXNECONVERT", "AVX512BF16", "AVX512FP16")
_ARM_INT8 = ("ARM82DOT", "ARM84I8MM")
_ARM_OFF = (*_ARM_INT8, "ARM84BF16", "ARM86SVE")

ARCHITECTURES = (
    Architecture(
        "x86_64",
        "x86-64",
        "x86_64-linux-gnu",
        "g++-x86-64-linux-gnu",
        "qemu-x86_64-static",
        "qemu-user-static",
        {"fp32": "max", "fp16": "max", "int8": "max"},
        settings={f"NCNN_{name}": False for name in _X86_OFF} | {"NCNN_F16C": False},
        lowered={"fp16": {"NCNN_F16C": True}, "int8": {f"NCNN_{name}": True for name in _X86_INT8}},
    ),
    Architecture(
        "aarch64",
        "ARM64",
        "aarch64-linux-gnu",
        "g++-aarch64-linux-gnu",
        "qemu-aarch64-static",
        "qemu-user-static",
        # The first has no arithmetic in FP16 and no dot products of INT8, the second has.
        {"fp32": "cortex-a53", "fp16": "cortex-a76", "int8": "cortex-a76"},
        settings={f"NCNN_{name}": False for name in ("ARM82", *_ARM_OFF)},
        # The kernels of dot products are an extension of those of FP16.
        lowered={
            "fp16": {"NCNN_ARM82": True},
            "int8": {"NCNN_ARM82": True} | {f"NCNN_{name}": True for name in _ARM_INT8},
        },
    ),
    Architecture(
        "armv7",
        "ARMv7 with NEON",
        "arm-linux-gnueabihf",
        "g++-arm-linux-gnueabihf",
        "qemu-arm-static",
        "qemu-user-static",
        {"fp32": "cortex-a7", "fp16": "cortex-a7", "int8": "cortex-a7"},
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
