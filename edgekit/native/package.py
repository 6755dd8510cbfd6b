"""Makes a package: a program for a device with one model, proved by its own self-test before anybody gets it."""

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edgekit import __version__
from edgekit.artifact.load import Artifact
from edgekit.artifact.manifest import FILE as MANIFEST
from edgekit.artifact.manifest import SIGNATURE
from edgekit.artifact.write import copy_hashed, copy_recorded, locked
from edgekit.bundled import bundled_folder
from edgekit.errors import UsageError
from edgekit.filesystem.hashing import file_sha256
from edgekit.filesystem.owned import check_folder, replace_folder, scratch_beside
from edgekit.native.architectures import Architecture
from edgekit.native.compilers import find_compiler
from edgekit.native.full_size import full_code_bytes
from edgekit.native.plan import Build, ncnn_pin, network_layers
from edgekit.native.proof import Proof, launcher, prove
from edgekit.native.record import FILE, PACKAGE, PackagedFile, PackageRecord
from edgekit.native.source import ensure_source
from edgekit.pipeline.execute import Executor
from edgekit.pipeline.stage import SourceFile
from edgekit.pipeline.store import StageResult
from edgekit.quantities.sizes import readable_size
from edgekit.untrusted.json_document import encode_json

TARGET = "ncnn"
README, LICENCES = "README.txt", "LICENSES.txt"


@dataclass(frozen=True)
class Package:
    """A package that was proved: its folder, and what its record says."""

    folder: Path
    record: PackageRecord


def check_packable(artifact: Artifact) -> None:
    """Raise UsageError where no package can be made of an artifact: another target's, or one without golden samples."""
    manifest = artifact.manifest
    if manifest.target != TARGET:
        raise UsageError(
            f"{artifact.folder} is an artifact of {manifest.target}, and packages are built for {TARGET}",
            f"Name {manifest.model.name}'s artifact of {TARGET}.",
        )
    if not manifest.golden:
        raise UsageError(
            f"{artifact.folder} has no golden samples, by which its package would test itself",
            f"Run `edgekit verify {artifact.folder}` first.",
        )


def check_one_file(artifact: Artifact, architecture: Architecture) -> None:
    """Raise UsageError where a model cannot go into the program: for node, or with names that a build cannot take."""
    if architecture.system != "Linux":
        raise UsageError(
            f"the program for {architecture.title} is one file, beside which the model lies", "Leave --single-file out."
        )
    if odd := [name for name in artifact.manifest.files if not re.fullmatch(r"[\w.+-]+", name, re.ASCII)]:
        raise UsageError(
            f"the file {odd[0]} cannot be put into a program under this name", "Convert the model with a plain --name."
        )


def make_package(
    artifact: Artifact,
    architecture: Architecture,
    folder: Path,
    executor: Executor,
    *,
    single_file: bool = False,
    offline: bool = False,
    notify: Callable[[str], None] = lambda _: None,
) -> Package:
    """Build, assemble and prove a package, and put it into `folder`, in the place of an earlier one.

    Raises UsageError for an artifact that no package can be made of, or where something of somebody else lies in
    `folder`; AbsentError where a compiler, an emulator or the source is not to be had; UnprovedError where the
    self-test fails; ConversionError where something does not build or run.
    """
    check_packable(artifact)
    if single_file:
        check_one_file(artifact, architecture)
    check_folder(folder, PACKAGE)
    precision = artifact.manifest.precision
    # What is missing is said before anything is built.
    launcher(architecture, precision)
    compiler = find_compiler(architecture)
    source = ensure_source(ncnn_pin(), executor.store.cache, notify, offline=offline)
    build = Build(architecture, compiler, source, network_layers(artifact, executor), precision)
    library, runner = build.library(), build.runner(artifact_files(artifact) if single_file else None)
    outcomes = executor.run([library, runner])
    built, made = outcomes.result(library), outcomes.result(runner)
    with locked(folder), scratch_beside(folder) as scratch:
        content = scratch / "package"
        content.mkdir()
        put_programs(made, content)
        if not single_file:
            copy_artifact(artifact, content)
        write_licences(built, content)
        proof = prove(content, self_test(single_file), architecture, precision, executor)
        write_readme(artifact, architecture, made, content, single_file)
        record = record_of(artifact, build, built, made, proof, content, single_file)
        (content / FILE).write_bytes(encode_json(record) + b"\n")
        replace_folder(content, folder, PACKAGE)
    return Package(folder, record)


def self_test(single_file: bool) -> list[str]:
    """The arguments of the program's self-test, run in its folder."""
    return ["--self-test"] if single_file else ["--self-test", "."]


def artifact_files(artifact: Artifact) -> dict[str, SourceFile]:
    """All that the program needs of an artifact, by the names in its folder."""
    manifest = artifact.manifest
    files = {name: SourceFile(artifact.folder / name, one.sha256) for name, one in manifest.files.items()}
    files |= {name: SourceFile(artifact.folder / name, one.sha256) for name, one in manifest.golden.items()}
    path = artifact.folder / MANIFEST
    return {MANIFEST: SourceFile(path, file_sha256(path)), **files}


def copy_artifact(artifact: Artifact, content: Path) -> None:
    """Copy what the program needs, and a signature where there is one. Raises UsageError for what has changed."""
    for name, file in artifact_files(artifact).items():
        copy_recorded(file.path, content / name, file.sha256)
    # The program has no need of them, but whoever reads the folder as an artifact has.
    for name, record in artifact.manifest.ranges.items():
        copy_recorded(artifact.folder / name, content / name, record.sha256)
    if (artifact.folder / SIGNATURE).is_file():
        shutil.copyfile(artifact.folder / SIGNATURE, content / SIGNATURE)


def put_programs(made: StageResult, content: Path) -> None:
    """Copy what the runner's build left."""
    for name in made.files:
        copy_hashed(made.folder / name, content / name)
        (content / name).chmod(0o755)


def write_licences(built: StageResult, content: Path) -> None:
    """Put the licences of the library and of the runner's parts into the package, as their terms ask for."""
    texts = [f"ncnn\n\n{(built.folder / 'LICENSE.txt').read_text(encoding='utf-8')}"]
    for path in sorted((bundled_folder("runtime") / "third_party").glob("*/LICENSE*")):
        texts.append(f"{path.parent.name}\n\n{path.read_text(encoding='utf-8')}")
    texts.append("edgekit's runner: Apache-2.0, https://www.apache.org/licenses/LICENSE-2.0\n")
    (content / LICENCES).write_text("\n\n".join(texts), encoding="utf-8")


def write_readme(
    artifact: Artifact, architecture: Architecture, made: StageResult, content: Path, single_file: bool
) -> None:
    """Three lines: what it is, how to test it, how to use it."""
    program = f"{'node ' if architecture.system == 'Emscripten' else './'}{architecture.executable}"
    where = "" if single_file else " ."
    manifest, size = artifact.manifest, readable_size(made.details["code_bytes"])
    height, width = manifest.preprocessing.input_size
    lines = [
        f"{manifest.model.name} for {architecture.title}: ncnn, {manifest.precision}, {height}x{width} px, {size} of "
        f"code; made and proved by edgekit {__version__}.",
        f"Test it on the device: {program} --self-test{where} (exit status 0: it computes there what it must).",
        f"Use it: {program}{where} PHOTO.jpg... --top 5 (JSON on stdout); {LICENCES} goes with it.",
    ]
    (content / README).write_text("\n".join(lines) + "\n", encoding="utf-8")


def record_of(
    artifact: Artifact,
    build: Build,
    built: StageResult,
    made: StageResult,
    proof: Proof,
    content: Path,
    single_file: bool,
) -> PackageRecord:
    """The record of what lies in `content`."""
    pin = ncnn_pin()
    files = {path.name: PackagedFile(file_sha256(path), path.stat().st_size) for path in sorted(content.iterdir())}
    return PackageRecord(
        edgekit=__version__,
        model=artifact.manifest.model.name,
        target=TARGET,
        precision=artifact.manifest.precision,
        architecture=build.architecture.name,
        single_file=single_file,
        library=f"{pin.name} {pin.version}",
        compiler=build.compiler.title,
        layers=tuple(built.details["layers"]),
        code_bytes=made.details["code_bytes"],
        full_code_bytes=full_code_bytes(pin.name, pin.version, build.architecture.name),
        proved_on=proof.where,
        self_test=proof.document,
        files=files,
    )
