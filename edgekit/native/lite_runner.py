"""edgekit's runner with a user's Paddle Lite: the stage that builds it, and what it is given."""

from pathlib import Path

from edgekit.artifact.judged import unverified
from edgekit.artifact.load import Artifact
from edgekit.cache.kept import kept_file
from edgekit.devices.lite_library import LiteLibrary
from edgekit.filesystem.hashing import data_sha256
from edgekit.native.architectures import find_architecture
from edgekit.native.compilers import find_compiler
from edgekit.native.plan import compiler_options, native_stage, runtime_source
from edgekit.pipeline.stage import SourceFile, Stage, StageFile
from edgekit.untrusted.json_document import encode_json

WORKER = "native/lite_runner.py"
FOLDER = "inputs"


def lite_runner(library: LiteLibrary) -> Stage:
    """The runner for the library's processor. Raises AbsentError where no compiler for it is here."""
    architecture = find_architecture(library.architecture)
    options = {
        "executable": architecture.executable,
        "shared": library.file.name if library.shared else None,
        **compiler_options(architecture, find_compiler(architecture)),
    }
    inputs = {"library": SourceFile(library.folder, library.digest), "runtime": runtime_source()}
    return native_stage(WORKER, f"runner with Paddle Lite for {architecture.title}", inputs, options)


def runner_inputs(artifact: Artifact, runner: Stage, cache: Path) -> dict[str, SourceFile | StageFile]:
    """What runs of a `hosted` variant need beside the artifact's files: the runner, and the manifest.

    That is kept in the cache as it was before any verdict, so that a verdict does not make another run of the same.
    """
    content = encode_json(unverified(artifact.manifest))
    path = cache / FOLDER / f"{data_sha256(content.decode())}.manifest.json"
    return {"runner": StageFile(runner), "manifest": SourceFile(path, kept_file(path, cache, lambda: content))}
