"""Builds the web page with one model: a folder that any static server can serve.

    uv run python examples/web/build.py ARTIFACT FOLDER

ARTIFACT is a verified one of ncnn, FOLDER where the page goes. Needs Emscripten, CMake and make. The library with the
layers of the model comes from edgekit's cache, where `edgekit package --arch wasm` has built the same.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from edgekit.artifact.load import Artifact, load_artifact
from edgekit.cli.session import session
from edgekit.errors import AbsentError, ConversionError, EdgekitError, UsageError
from edgekit.inputs.golden import bundled_photos
from edgekit.native.architectures import find_architecture
from edgekit.native.compilers import find_compiler
from edgekit.native.package import check_packable, copy_artifact, write_licences
from edgekit.native.plan import Build, ncnn_pin, network_layers
from edgekit.native.source import ensure_source
from edgekit.pipeline.store import StageResult
from edgekit.quantities.sizes import readable_size

HERE = Path(__file__).resolve().parent
PROGRAM = ("edgekit.js", "edgekit.wasm")
EXAMPLE = "rocket.png"
# Debian's libraries are taken as they were installed, and what Emscripten runs in node lies where Debian's node looks.
ENVIRONMENT = {"EM_FROZEN_CACHE": "1", "NODE_PATH": "/usr/share/nodejs"}


def library(artifact: Artifact) -> StageResult:
    """ncnn for WebAssembly with the layers of an artifact. Raises AbsentError where Emscripten is not here."""
    architecture = find_architecture("wasm")
    compiler = find_compiler(architecture)
    with session(offline=False, verbose=False) as executor:
        source = ensure_source(ncnn_pin(), executor.store.cache, lambda text: print(text, file=sys.stderr))
        layers = network_layers(artifact, executor)
        stage = Build(architecture, compiler, source, layers, artifact.manifest.precision).library()
        return executor.run([stage]).result(stage)


def run(command: list[str | Path]) -> None:
    """Run a step of the build. Raises ConversionError with the line that matters where it fails."""
    done = subprocess.run(
        command, env={**os.environ, **ENVIRONMENT}, capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode:
        lines = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        telling = next((line for line in lines if "error" in line.lower()), (lines or ["no message"])[-1])
        raise ConversionError(f"the page's program does not build: {telling}")


def compile_program(ncnn: Path, folder: Path) -> None:
    """Put the program of the page into `folder`. Raises AbsentError where a tool is not here."""
    for tool, package in (("emcmake", "emscripten"), ("cmake", "cmake"), ("make", "make")):
        if shutil.which(tool) is None:
            raise AbsentError(f"the web page is built with {tool}, which is not here", f"`apt-get install {package}`.")
    with tempfile.TemporaryDirectory(prefix="edgekit-web-") as scratch:
        settings = [f"-Dncnn_DIR={ncnn / 'lib' / 'cmake' / 'ncnn'}", "-DCMAKE_FIND_ROOT_PATH_MODE_PACKAGE=BOTH"]
        run(["emcmake", "cmake", "-S", HERE, "-B", scratch, "-DCMAKE_BUILD_TYPE=Release", *settings])
        run(["cmake", "--build", scratch, "--target", "edgekit", "--parallel", str(os.cpu_count() or 1)])
        for name in PROGRAM:
            shutil.copyfile(Path(scratch) / name, folder / name)


def check_place(folder: Path) -> None:
    """Raise UsageError where something else than such a page lies in a folder."""
    if folder.exists() and not (folder / PROGRAM[0]).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is not empty, and no page of this example", "Name a new folder.")


def build(artifact: Artifact, folder: Path) -> None:
    """Make the page of an artifact in a folder, in the place of an earlier one. Raises EdgekitError."""
    check_packable(artifact)
    check_place(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
        made = Path(scratch) / "page"
        shutil.copytree(HERE / "page", made)
        ncnn = library(artifact)
        compile_program(ncnn.folder, made)
        write_licences(ncnn, made)
        (made / "model").mkdir()
        copy_artifact(artifact, made / "model")
        example = next(photo.path for photo in bundled_photos() if photo.path.name == EXAMPLE)
        shutil.copyfile(example, made / "example.png")
        if folder.exists():
            shutil.rmtree(folder)
        made.replace(folder)
    code, total = (sum(path.stat().st_size for path in paths) for paths in (code_files(folder), all_files(folder)))
    print(f"{folder}: {readable_size(total)}, of which {readable_size(code)} are code.")
    print(f"Serve it: python3 -m http.server --directory {folder}")


def code_files(folder: Path) -> list[Path]:
    """The files of the program."""
    return [folder / name for name in PROGRAM]


def all_files(folder: Path) -> list[Path]:
    """Every file of a page."""
    return [path for path in folder.rglob("*") if path.is_file()]


def main() -> int:
    """Run the command line; returns the exit status."""
    if len(sys.argv) != 3:
        print("usage: build.py ARTIFACT FOLDER", file=sys.stderr)
        return 2
    try:
        build(load_artifact(Path(sys.argv[1])), Path(sys.argv[2]))
    except EdgekitError as error:
        print(error, file=sys.stderr)
        return error.exit_status
    return 0


if __name__ == "__main__":
    sys.exit(main())
