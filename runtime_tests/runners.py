"""Builds `edgekit_runner` for the tests, and runs it."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT
from edgekit.cache import cache_folder
from edgekit.toolchain.environment import ensure_environment
from edgekit.toolchain.script import requirements_of
from tests.runtime.build import built

NCNN = "EDGEKIT_NCNN_DIR"
"""Names the folder `lib/cmake/ncnn` of a built ncnn, in place of one that a fixture makes."""


def openvino_folder() -> Path:
    """The CMake files of OpenVINO's wheel, in the environment that its workers have."""
    worker = ROOT / "converters" / "openvino" / "run.py"
    python = ensure_environment(requirements_of(worker), cache_folder(), print)
    (found,) = python.parent.parent.glob("lib/python*/site-packages/openvino/cmake")
    return found


def ncnn_folder() -> Path:
    """The CMake files of ncnn's C++ library; skips where none is named."""
    if (named := os.environ.get(NCNN)) is None:
        pytest.skip(f"no C++ library of ncnn is here: {NCNN} names its lib/cmake/ncnn")
    return Path(named)


def built_runner(target: str, library: Path, folder: Path) -> Path:
    """`edgekit_runner` for a target's artifacts, built in `folder` with the library's CMake files."""
    name = {"ncnn": "ncnn_DIR", "openvino": "OpenVINO_DIR"}[target]
    settings = (f"-DEDGEKIT_BACKEND={target}", f"-D{name}={library}", "-DEDGEKIT_TESTS=ON")
    built(folder, "all", *settings)
    return folder / "edgekit_runner"


def run(runner: Path, *arguments: str | Path) -> tuple[int, dict[str, Any]]:
    """Exit status and JSON of a call. What it prints must be one JSON object, whatever happens."""
    command = [str(runner), *map(str, arguments)]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert answer.returncode in (0, 1, 2), f"{command} ended with {answer.returncode}: {answer.stderr[-2000:]}"
    return answer.returncode, json.loads(answer.stdout)


def refusal(runner: Path, *arguments: str | Path) -> str:
    """The sentence of a call that is refused: status 2, and nothing but that sentence."""
    status, document = run(runner, *arguments)
    assert status == 2, document
    assert list(document) == ["error"]
    sentence = document["error"]
    assert sentence and sentence.isprintable()
    return sentence
