"""`edgekit package`: a program for a device, with one model."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgekit.artifact.conversion_command import DEFAULT_OUT, Wanted
from edgekit.cli.common import Json, Offline, Verbose
from edgekit.cli.console import console, error_console, print_json
from edgekit.cli.made_for import warn_of
from edgekit.cli.sign import RequireSigned
from edgekit.errors import UsageError

if TYPE_CHECKING:
    from minisign import PublicKey

    from edgekit.artifact.load import Artifact
    from edgekit.native.package import Package

DEFAULT_PACKAGES = Path("packages")


def package(
    model: Annotated[
        str, typer.Argument(metavar="MODEL|ARTIFACT", help="A converted model by name, or an artifact's folder.")
    ],
    arch: Annotated[str, typer.Option("--arch", metavar="NAME", help="x86_64, aarch64, armv7 or wasm.")],
    target: Annotated[str, typer.Option("--target", "-t", help="ncnn: packages are built for no other.")] = "ncnn",
    single_file: Annotated[
        bool, typer.Option("--single-file", help="One static executable with the model inside.")
    ] = False,
    artifacts: Annotated[
        Path, typer.Option("--artifacts", metavar="DIR", help="Where converted models lie.", file_okay=False)
    ] = DEFAULT_OUT,
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="Folder for the packages: OUT/<model>/ncnn-<arch>/.", file_okay=False),
    ] = DEFAULT_PACKAGES,
    require_signed: RequireSigned = None,
    json: Json = False,
    offline: Offline = False,
    verbose: Verbose = False,
) -> None:
    """Build a static program that runs one model on a device, with no layers but its own, and prove it.

    The package holds the program, the model, its golden samples and a README of three lines. Its self-test runs here
    before it is handed out, emulated where this machine is another one; on the device it can be run again at any time.
    """
    from edgekit.cli.session import session
    from edgekit.native.architectures import find_architecture
    from edgekit.native.package import TARGET, make_package
    from edgekit.signing.keys import public_key

    if target != TARGET:
        raise UsageError(f"packages are built for {TARGET}, not for {target}", f"Say --target {TARGET}.")
    architecture = find_architecture(arch)
    key = public_key(require_signed) if require_signed is not None else None
    artifact = chosen_artifact(model, artifacts, key)
    warn_of([artifact], architecture.name)
    kind = "-single" if single_file else ""
    precision = "" if artifact.manifest.precision == "fp32" else f"-{artifact.manifest.precision}"
    folder = out / artifact.manifest.model.name / f"{TARGET}{precision}-{architecture.name}{kind}"
    with session(offline=offline, verbose=verbose) as executor:
        made = make_package(
            artifact, architecture, folder, executor, single_file=single_file, offline=offline, notify=notify
        )
    if json:
        print_json({"package": made.folder, **document(made)})
    else:
        show(made)


def notify(message: str) -> None:
    """Say what takes long and is not a stage."""
    error_console().print(message, style="dim", soft_wrap=True)


def chosen_artifact(model: str, artifacts: Path, key: "PublicKey | None") -> "Artifact":
    """The artifact of ncnn that is meant. Raises AbsentError for none, UsageError for several."""
    from edgekit.cli.named_artifacts import approved_choice
    from edgekit.native.package import TARGET

    found = approved_choice(model, artifacts, Wanted(TARGET, verified=True), key)
    if len(found) > 1:
        raise UsageError(f"{model} has several artifacts of {TARGET}", f"Name the folder of one: {found[0].folder}.")
    return found[0]


def document(made: "Package") -> dict:
    """The JSON of a package: its record."""
    import msgspec

    return msgspec.structs.asdict(made.record)


def show(made: "Package") -> None:
    """Say where it is, how large its code is beside the full library's, and where it was proved."""
    from edgekit.native.package import README
    from edgekit.quantities.sizes import readable_size

    record = made.record
    total = sum(file.bytes for file in record.files.values())
    full = record.full_code_bytes
    beside = f", {readable_size(full)} with every layer" if full else ""
    lines = [
        f"{made.folder}: {readable_size(total)} in {len(record.files) + 1} files; {README} says how to use it.",
        f"Code: {readable_size(record.code_bytes)} with {len(record.layers)} layers of {record.library}{beside}; "
        f"{record.compiler}.",
        f"Proved: its self-test passed on {record.proved_on}.",
    ]
    for line in lines:
        console().print(line, markup=False, highlight=False, soft_wrap=True)
