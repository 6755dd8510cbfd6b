"""The arithmetic behind the rewrites for ARM, on an emulated core: an estimate of 1 / b, and Newton's steps.

The ARM architecture fixes what the estimate is, to the bit, so that the emulator's is a core's own.
"""

import subprocess
from pathlib import Path

import pytest

COMPILER, EMULATOR = "aarch64-linux-gnu-g++", "qemu-aarch64-static"
PROGRAM = """
#include <arm_neon.h>

#include <cmath>
#include <cstdio>

int main() {
  for (int steps = 0; steps <= 2; ++steps) {
    double worst = 0;
    for (int i = 0; i < 1 << 20; ++i) {
      const float b = 1.0f + static_cast<float>(i) / (1 << 20);
      const float32x4_t divisor = vdupq_n_f32(b);
      float32x4_t inverse = vrecpeq_f32(divisor);
      for (int step = 0; step < steps; ++step) inverse = vmulq_f32(inverse, vrecpsq_f32(divisor, inverse));
      worst = std::fmax(worst, std::fabs(vgetq_lane_f32(inverse, 0) * static_cast<double>(b) - 1));
    }
    std::printf("%.9g\\n", worst);
  }
}
"""

pytestmark = pytest.mark.needs(COMPILER, EMULATOR)


@pytest.fixture(scope="module")
def executable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("estimate")
    (folder / "estimate.cpp").write_text(PROGRAM)
    subprocess.run([COMPILER, "-O2", "-static", "estimate.cpp", "-o", "estimate"], cwd=folder, check=True)
    return folder / "estimate"


@pytest.mark.parametrize("core", ["cortex-a53", "cortex-a76"])
def test_one_step_leaves_what_the_docs_say_and_two_leave_one_rounding(executable: Path, core: str) -> None:
    answer = subprocess.run([EMULATOR, "-cpu", core, executable], capture_output=True, text=True, check=True)
    none, one, two = map(float, answer.stdout.split())
    assert 2e-3 < none < 4e-3
    assert 8.1e-6 < one < 8.3e-6
    assert two < 1.2e-7  # 2^-23
