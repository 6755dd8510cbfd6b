"""The app's native library for ARM64: by this machine's cross compiler and for Linux, not by the NDK and for Android.

The sources and the CMake project are those that Gradle builds.
"""

from dataclasses import dataclass
from pathlib import Path

from android_demo.checks.places import APP, BUILD
from android_demo.checks.programs import run
from edgekit.artifact.load import Artifact
from edgekit.native.architectures import find_architecture
from edgekit.native.compilers import find_compiler
from edgekit.native.plan import Build, ncnn_pin, network_layers
from edgekit.native.source import ensure_source
from edgekit.pipeline.execute import Executor

NAME = "libedgekit_jni_ncnn.so"
ARCHITECTURE = find_architecture("aarch64")


@dataclass(frozen=True)
class Built:
    """The library, and edgekit's runner of the same sources, compiler and ncnn."""

    library: Path
    runner: Path


def build(artifact: Artifact, executor: Executor) -> Built:
    """Build both. Raises what `edgekit package` raises, and ConversionError where the library does not build."""
    compiler = find_compiler(ARCHITECTURE)
    source = ensure_source(ncnn_pin(), executor.store.cache, executor.store.notify, offline=executor.toolchain.offline)
    plan = Build(ARCHITECTURE, compiler, source, network_layers(artifact, executor), artifact.manifest.precision)
    ncnn, runner = plan.library(), plan.runner()
    outcomes = executor.run([ncnn, runner])
    folder = BUILD / "jni"
    settings = {
        "CMAKE_BUILD_TYPE": "Release",
        "CMAKE_SYSTEM_NAME": ARCHITECTURE.system,
        "CMAKE_SYSTEM_PROCESSOR": ARCHITECTURE.name,
        "CMAKE_C_COMPILER": compiler.c,
        "CMAKE_CXX_COMPILER": compiler.cxx,
        "CMAKE_SHARED_LINKER_FLAGS": "-Wl,-s",
        "EDGEKIT_BACKEND": "ncnn",
        "EDGEKIT_JNI_INCLUDE": jdk_include(),
        "ncnn_DIR": outcomes.result(ncnn).folder / "lib" / "cmake" / "ncnn",
    }
    words = [f"-D{name}={value}" for name, value in settings.items()]
    run(["cmake", "-S", APP / "cpp", "-B", folder, *words], "CMake")
    run(["cmake", "--build", folder, "--parallel", "2", "--target", "edgekit_jni_ncnn"], "the library's build")
    return Built(folder / NAME, outcomes.result(runner).folder / ARCHITECTURE.executable)


def jdk_include() -> Path:
    """Where the JDK has jni.h."""
    said = run(["java", "-XshowSettings:properties", "-version"], "java")
    home = next(line.partition("=")[2].strip() for line in said.splitlines() if line.strip().startswith("java.home"))
    return Path(home) / "include"
