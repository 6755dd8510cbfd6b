"""The stages that lead to a runner: the network's layers, the library with them, the runner."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgekit import __version__
from edgekit.artifact.load import Artifact
from edgekit.bundled import bundled_folder
from edgekit.native.architectures import Architecture
from edgekit.native.compilers import Compiler
from edgekit.native.source import Pin, folder_digest, pinned
from edgekit.pipeline.execute import Executor
from edgekit.pipeline.stage import SourceFile, Stage, StageFile
from edgekit.toolchain.cores import usable_cores
from edgekit.toolchain.script import requirements_of
from edgekit.toolchain.worker import Limits

LAYERS, LIBRARY, RUNNER = "ncnn/layers.py", "native/ncnn_library.py", "native/runner.py"
PARAM = "model.ncnn.param"
# A whole library takes six minutes on two quiet cores.
LIMITS = Limits(seconds=7200, memory_bytes=8 << 30)
# A compiler that works on ncnn's largest files.
JOB_BYTES = 1 << 30

Layers = Mapping[str, Mapping[str, list[int]]]
"""Type -> id of a parameter -> its values in a network; see converters/ncnn/layers.py."""


@dataclass(frozen=True)
class Build:
    """What is built: for which architecture and precision, with which compiler, from which source.

    `layers` are the network's; None builds the full library, as ncnn itself does.
    """

    architecture: Architecture
    compiler: Compiler
    source: SourceFile
    layers: Layers | None
    precision: str = "fp32"

    def library(self) -> Stage:
        """The library."""
        options = {
            "version": ncnn_pin().version,
            "layers": self.layers,
            "kernels": "arm" if self.architecture.name in ("aarch64", "armv7") else "x86",
            "settings": self.architecture.settings_for(self.precision),
            **self.common(),
        }
        about = f"ncnn for {self.architecture.title} with {'all' if self.layers is None else 'the'} layers"
        return native_stage(LIBRARY, about, {"source": self.source}, options)

    def runner(self, embedded: Mapping[str, SourceFile] | None = None) -> Stage:
        """The runner with the library; `embedded` are files that go into it, by their names there."""
        inputs: dict[str, SourceFile | StageFile] = {"library": StageFile(self.library()), "runtime": runtime_source()}
        inputs |= {f"file/{name}": file for name, file in (embedded or {}).items()}
        options = {"edgekit": __version__, "executable": self.architecture.executable, **self.common()}
        return native_stage(RUNNER, f"runner for {self.architecture.title}", inputs, options)

    def common(self) -> dict[str, Any]:
        """The options of both."""
        return compiler_options(self.architecture, self.compiler)


def compiler_options(architecture: Architecture, compiler: Compiler) -> dict[str, Any]:
    """What converters/native/cmake.py is told of a compiler, as an option."""
    told = {
        "c": str(compiler.c),
        "cxx": str(compiler.cxx),
        "version": compiler.version,
        "system": architecture.system,
        "processor": architecture.name,
        "cross": not architecture.is_host,
        "flags": list(architecture.flags),
    }
    return {"compiler": told}


def native_stage(worker: str, about: str, inputs: Mapping[str, SourceFile | StageFile], options: Any) -> Stage:
    """A stage that compiles: on all cores, one compiler each (converters/native/cmake.py), for a while."""
    cores = usable_cores()
    return Stage(worker, about, inputs, options, cores=cores, memory_bytes=cores * JOB_BYTES, limits=LIMITS)


def ncnn_pin() -> Pin:
    """The source of the very version that artifacts are verified with here."""
    name, version = requirements_of(bundled_folder("converters") / "ncnn" / "run.py").tool
    return pinned(name, version)


def runtime_source() -> SourceFile:
    """edgekit's C++, by its content."""
    folder = bundled_folder("runtime")
    return SourceFile(folder, folder_digest(folder))


def network_layers(artifact: Artifact, executor: Executor) -> Layers:
    """The layers of an artifact of ncnn. Raises what the worker ends with."""
    stage = layers_stage(artifact.manifest.model.name, artifact.by_role()[PARAM])
    return executor.run([stage]).result(stage).details["layers"]


def layers_stage(name: str, param: SourceFile | StageFile) -> Stage:
    """What reads the layers of a network, as its `layers` in detail."""
    return Stage(LAYERS, f"layers of {name}", {"param": param})
