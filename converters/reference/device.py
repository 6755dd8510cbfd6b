"""The NVIDIA GPU that CUDA would use, asked of its driver: standard library alone, so that any Python can ask.

    python device.py

prints one JSON document: the device, or `absent` with the reason.
"""

import ctypes
import json
from typing import Any

CUDA, NVML = "libcuda.so.1", "libnvidia-ml.so.1"
# <cuda.h>: CUresult, CUdevice_attribute.
SUCCESS, NO_DEVICE = 0, 100
COMPUTE_CAPABILITY_MAJOR, COMPUTE_CAPABILITY_MINOR = 75, 76
NAME_BYTES, DRIVER_BYTES = 256, 80


class Absent(Exception):
    """There is no GPU that CUDA can use; the message says what is missing."""


def describe(load: Any = ctypes.CDLL) -> dict[str, str]:
    """`name`, `compute_capability` ("8.6"), `cuda` (the newest that the driver knows), `driver` of CUDA's device 0.

    `load` opens a shared library by name. Raises Absent.
    """
    try:
        cuda = load(CUDA)
    except OSError:
        raise Absent(f"no NVIDIA driver is installed ({CUDA} is not there)") from None
    if (status := cuda.cuInit(0)) != SUCCESS:
        found = (
            "the driver finds no GPU" if status == NO_DEVICE else f"the driver does not start (cuInit gives {status})"
        )
        raise Absent(found)
    count = integer(cuda.cuDeviceGetCount)
    if count == 0:
        raise Absent("the driver finds no GPU")
    device = integer(cuda.cuDeviceGet, 0)
    name = ctypes.create_string_buffer(NAME_BYTES)
    check("cuDeviceGetName", cuda.cuDeviceGetName(name, NAME_BYTES, device))
    major, minor = (
        integer(cuda.cuDeviceGetAttribute, attribute, device)
        for attribute in (COMPUTE_CAPABILITY_MAJOR, COMPUTE_CAPABILITY_MINOR)
    )
    version = integer(cuda.cuDriverGetVersion)
    found = {
        "name": name.value.decode(errors="replace"),
        "compute_capability": f"{major}.{minor}",
        "cuda": f"{version // 1000}.{version % 1000 // 10}",
    }
    driver = driver_version(load)
    return {**found, "driver": driver} if driver else found


def integer(call: Any, *arguments: int) -> int:
    """The int that a CUDA function writes to its first parameter. Raises Absent where it fails."""
    value = ctypes.c_int()
    check(getattr(call, "__name__", "CUDA"), call(ctypes.byref(value), *arguments))
    return value.value


def check(what: str, status: int) -> None:
    """Raise Absent where a CUDA function did not succeed."""
    if status != SUCCESS:
        raise Absent(f"the driver does not answer ({what} gives {status})")


def driver_version(load: Any = ctypes.CDLL) -> str | None:
    """The driver's version, such as 550.54.15, from NVML; None where it does not answer."""
    try:
        nvml = load(NVML)
    except OSError:
        return None
    if nvml.nvmlInit_v2() != SUCCESS:
        return None
    text = ctypes.create_string_buffer(DRIVER_BYTES)
    status = nvml.nvmlSystemGetDriverVersion(text, DRIVER_BYTES)
    nvml.nvmlShutdown()
    return text.value.decode(errors="replace") if status == SUCCESS else None


def main() -> None:
    """Print the device."""
    try:
        print(json.dumps(describe()))
    except Absent as reason:
        print(json.dumps({"absent": str(reason)}))


if __name__ == "__main__":
    main()
