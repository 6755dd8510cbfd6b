import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT, RunWorker
from edgekit.cache import cache_folder
from edgekit.toolchain.environment import ready_python
from edgekit.toolchain.script import requirements_of

FOLDER = ROOT / "converters" / "tensorrt"
Converted = tuple[dict[str, Any], Path]


@pytest.fixture(scope="session")
def converted(run_worker: RunWorker, onnx_model: Path) -> Converted:
    """Its engine for two GPUs in FP32."""
    return run_worker("tensorrt/convert.py", {"onnx": onnx_model}, {"gpu": ["sm80", "sm86"], "precision": "fp32"})


@pytest.fixture(scope="session")
def in_environment(converted: Converted) -> Callable[..., str]:
    """Runs Python code in the workers' environment with their modules at hand; returns what it prints."""
    python = ready_python(requirements_of(FOLDER / "convert.py"), cache_folder())
    assert python is not None  # the conversion has just used it

    def run(code: str, *arguments: str | Path) -> str:
        paths = f"{FOLDER}:{ROOT / 'converters' / 'lib'}"
        answer = subprocess.run(
            [python, "-c", code, *map(str, arguments)],
            env={"PYTHONPATH": paths},
            capture_output=True,
            text=True,
            check=False,
        )
        assert answer.returncode == 0, answer.stderr
        return answer.stdout

    return run
