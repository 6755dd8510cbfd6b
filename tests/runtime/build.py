"""Builds the runtime's C++ for tests."""

import shutil
import subprocess
from pathlib import Path

from conftest import ROOT, lacking

RUNTIME = ROOT / "runtime"


def built(folder: Path, target: str, *settings: str) -> Path:
    """Configure and build one target of the runtime in `folder`; warnings are errors. Returns `folder`.

    Skips where there is no CMake or no compiler.
    """
    compiler = shutil.which("g++") or shutil.which("c++")
    if compiler is None or shutil.which("cmake") is None:
        lacking("cmake and a C++ compiler are not here")
    configure = ["cmake", "-S", RUNTIME, "-B", folder, f"-DCMAKE_CXX_COMPILER={compiler}", *settings]
    # The compiler's own cores: a test may run beside others.
    for command in (configure, ["cmake", "--build", folder, "--target", target, "-j", "2"]):
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder
