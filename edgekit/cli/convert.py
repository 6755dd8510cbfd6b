"""`edgekit convert`: models to artifacts."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgekit.cli.common import DEFAULT_OUT, Json, Offline, Out, Verbose, Weights, model_sources
from edgekit.cli.console import console, error_console, print_json

if TYPE_CHECKING:
    from edgekit.convert import Conversion
    from edgekit.verify import Check


def convert(
    models: Annotated[
        list[str], typer.Argument(metavar="MODEL...", help="Models by name; `edgekit models` lists them.")
    ],
    target: Annotated[str, typer.Option("--target", "-t", help="onnx, lite, openvino, ncnn, comma-separated, or all.")],
    weights: Weights = "auto",
    out: Out = DEFAULT_OUT,
    batch: Annotated[int, typer.Option(help="Samples per call, fixed at export.", min=1)] = 1,
    input_size: Annotated[int | None, typer.Option(help="Side of the square input in pixels.")] = None,
    verify: Annotated[bool, typer.Option("--verify", help="Verify what was converted, and show the table.")] = False,
    json: Json = False,
    offline: Offline = False,
    verbose: Verbose = False,
) -> int:
    """Convert models to one or more targets; with --verify, prove each in its own runtime."""
    from edgekit.cli.session import session
    from edgekit.cli.verify import show_checks
    from edgekit.convert import convert as convert_model
    from edgekit.pipeline.target import select_targets
    from edgekit.verify import verify as verify_artifacts

    wanted = select_targets(target)
    sources = model_sources(models, weights, offline=offline, input_size=input_size, batch=batch)
    with session(offline=offline, verbose=verbose) as executor:
        done = [one for source in sources for one in convert_model(source, wanted, out, executor)]
        artifacts = [one.artifact for one in done if one.artifact is not None]
        checks = verify_artifacts(artifacts, executor) if verify else None
    if json:
        print_json(conversions_document(done, checks))
    elif checks is not None:
        show_checks(checks)
    else:
        show_conversions(done)
    return exit_status(done, checks)


def exit_status(done: list["Conversion"], checks: list["Check"] | None) -> int:
    """The status of the whole: that of the first conversion that failed, else 1 where a verdict failed."""
    for one in done:
        if one.error is not None:
            error_console().print(f"edgekit: {one.error}", markup=False, highlight=False, soft_wrap=True)
    failed = next((one.error.exit_status for one in done if one.error is not None), 0)
    if failed or checks is None:
        return failed
    return int(any(check.found.verdict.status == "failed" for check in checks))


def show_conversions(done: list["Conversion"]) -> None:
    """Say where each artifact lies and how big its files are."""
    from edgekit.report.sizes import readable_size

    for one in done:
        if one.artifact is None:
            continue
        files = ", ".join(
            f"{name} ({readable_size(record.bytes)})" for name, record in one.artifact.manifest.files.items()
        )
        console().print(
            f"{one.model} → {one.target.description.title}: {one.artifact.folder}{'/'}  {files}"
            f"{'  (unchanged)' if one.unchanged else ''}",
            highlight=False,
            soft_wrap=True,
        )
    models = " ".join(dict.fromkeys(one.model for one in done if one.artifact and not one.artifact.manifest.verdicts))
    if models:
        error_console().print(f"Not verified yet: edgekit verify {models}", highlight=False)


def conversions_document(done: list["Conversion"], checks: list["Check"] | None) -> dict:
    """The JSON of a conversion."""
    from edgekit.cli.verify import check_document

    return {
        "conversions": [
            {
                "model": one.model,
                "target": one.target.name,
                "status": "failed" if one.error else "converted",
                "unchanged": one.unchanged,
                "error": one.error and str(one.error),
                "artifact": one.artifact and Path(one.artifact.folder),
                "manifest": one.artifact and one.artifact.manifest,
            }
            for one in done
        ],
        "checks": None if checks is None else [check_document(check) for check in checks],
    }
