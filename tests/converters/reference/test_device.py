"""The GPU is asked of CUDA's driver library; here of one that answers as its documentation says."""

import ctypes
import json
import subprocess
import sys
from typing import Any

import pytest

from tests.converters.loading import CONVERTERS, load

device = load("reference", "device")


class Driver:
    """libcuda with one GPU of compute capability 8.6, and NVML; `fails` maps a function to the status it gives."""

    def __init__(self, count: int = 1, **fails: int) -> None:
        self.count, self.fails = count, fails

    def __getattr__(self, name: str) -> Any:
        def call(*given: Any) -> int:
            arguments: Any = (None, *given)
            if name in self.fails:
                return self.fails[name]
            if name == "cuDeviceGetName":
                arguments[1].value = b"NVIDIA A10"
            elif name == "nvmlSystemGetDriverVersion":
                arguments[1].value = b"580.95.05"
            elif name.startswith(("cuDevice", "cuDriver")):
                values = {"cuDeviceGetCount": self.count, "cuDeviceGet": 0, "cuDriverGetVersion": 13000}
                found: Any = values.get(name, {75: 8, 76: 6}.get(arguments[-2]))
                ctypes.cast(arguments[1], ctypes.POINTER(ctypes.c_int)).contents.value = found
            return 0

        return call


def libraries(cuda: Any, nvml: Any = None):
    def load(name: str) -> Any:
        found = {"libcuda.so.1": cuda, "libnvidia-ml.so.1": nvml}[name]
        if found is None:
            raise OSError(name)
        return found

    return load


def test_a_gpu_is_described() -> None:
    driver = Driver()
    expected = {"name": "NVIDIA A10", "compute_capability": "8.6", "cuda": "13.0", "driver": "580.95.05"}
    assert device.describe(libraries(driver, driver)) == expected


def test_the_drivers_version_may_be_missing() -> None:
    driver = Driver()
    for nvml in (None, Driver(nvmlInit_v2=9), Driver(nvmlSystemGetDriverVersion=9)):
        assert "driver" not in device.describe(libraries(driver, nvml))


@pytest.mark.parametrize(
    ("driver", "expected"),
    [
        (None, "no NVIDIA driver is installed"),
        (Driver(cuInit=100), "the driver finds no GPU"),
        (Driver(cuInit=999), "the driver does not start"),
        (Driver(count=0), "the driver finds no GPU"),
        (Driver(cuDeviceGetName=3), "cuDeviceGetName gives 3"),
    ],
)
def test_what_is_missing_is_said(driver: Any, expected: str) -> None:
    with pytest.raises(device.Absent, match=expected):
        device.describe(libraries(driver))


def test_the_script_answers_in_json_on_any_python() -> None:
    answer = subprocess.run(
        [sys.executable, "-I", "-S", CONVERTERS / "reference" / "device.py"], capture_output=True, text=True, check=True
    )
    assert {"name", "absent"} & set(json.loads(answer.stdout))
