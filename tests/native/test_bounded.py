"""A build that fails says why, in one line."""

import pytest

from tests.converters.loading import load

bounded = load("native", "bounded")
MADE = "[ 85%] Building CXX object CMakeFiles/edgekit_runtime.dir/self_test/errors.cpp.o"


@pytest.mark.parametrize(
    "line",
    [
        "/src/net.cpp:3:1: error: expected unqualified-id before '}' token",
        "ld: convolution_x86.cpp:(.text+0x1): undefined reference to `ncnn::Gemm_x86_utility::pack_A_tile_int8'",
        "CMake Error at CMakeLists.txt:3 (project):",
        "make[2]: *** [CMakeFiles/x.dir/build.make:90: x] Error 1",
    ],
)
def test_the_line_that_matters_is_told(line: str) -> None:
    assert bounded.telling(["-- The C compiler is GNU", MADE, line, "make: *** [all] Error 2", ""]) == line


def test_without_one_it_is_the_last() -> None:
    assert bounded.telling([MADE, "killed", ""]) == "killed"
    assert bounded.telling([]) == "no message"
