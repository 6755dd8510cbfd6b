"""Builds `edgekit_runner` for the tests, and runs it."""

import json
import os
import platform
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from conftest import ROOT, lacking
from edgekit.artifact.load import load_artifact
from edgekit.errors import AbsentError
from edgekit.native.architectures import Architecture, find_architecture
from edgekit.native.compilers import find_compiler
from edgekit.native.plan import Build, ncnn_pin, network_layers
from edgekit.native.proof import launcher
from edgekit.native.source import ensure_source
from edgekit.pipeline.execute import Executor
from edgekit.pipeline.store import StageStore
from edgekit.toolchain.environment import ensure_environment
from edgekit.toolchain.script import requirements_of
from edgekit.toolchain.worker import Toolchain
from tests.runtime.build import built

NCNN = "EDGEKIT_NCNN_DIR"
"""Names the folder `lib/cmake/ncnn` of a built ncnn, in the place of one that is built for the tests."""


def needed(name: str, precision: str = "fp32") -> tuple[Architecture, list[str]]:
    """An architecture and what starts its programs. Skips where they cannot be built or run."""
    architecture = find_architecture(name)
    if shutil.which("cmake") is None or shutil.which("make") is None:
        lacking("cmake and make are not here (Debian: apt-get install cmake make)")
    try:
        find_compiler(architecture)
        return architecture, launcher(architecture, precision)
    except AbsentError as error:
        lacking(str(error))


def built_for(artifact: Path, architecture: Architecture, part: Literal["library", "runner"], cache: Path) -> Path:
    """The folder of ncnn's library, or of the runner, that packages of an artifact have."""
    executor = Executor(StageStore(cache / "stages"), Toolchain(cache))
    layers = network_layers(load_artifact(artifact), executor)
    build = Build(architecture, find_compiler(architecture), ensure_source(ncnn_pin(), cache, print), layers)
    stage = build.library() if part == "library" else build.runner()
    return executor.run([stage]).result(stage).folder


def openvino_folder(cache: Path) -> Path:
    """The CMake files of OpenVINO's wheel, in the environment that its workers have."""
    worker = ROOT / "converters" / "openvino" / "run.py"
    python = ensure_environment(requirements_of(worker), cache, print)
    (found,) = python.parent.parent.glob("lib/python*/site-packages/openvino/cmake")
    return found


def ncnn_folder(artifacts: Sequence[Path], cache: Path) -> Path:
    """The CMake files of a static ncnn with all layers of these artifacts, built as packages' are.

    Skips where there is no compiler.
    """
    if (named := os.environ.get(NCNN)) is not None:
        return Path(named)
    architecture = find_architecture(platform.machine())
    try:
        compiler = find_compiler(architecture)
    except AbsentError as error:
        lacking(str(error))
    executor = Executor(StageStore(cache / "stages"), Toolchain(cache))
    layers: dict[str, dict[str, list[int]]] = {}
    for artifact in artifacts:
        for layer, settings in network_layers(load_artifact(artifact), executor).items():
            merged = layers.setdefault(layer, {})
            for number, values in settings.items():
                merged[number] = sorted({*merged.get(number, []), *values})
    # With what FP16 needs: one library for all tests.
    stage = Build(architecture, compiler, ensure_source(ncnn_pin(), cache, print), layers, "fp16").library()
    (found,) = executor.run([stage]).result(stage).folder.glob("**/lib/cmake/ncnn")
    return found


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
