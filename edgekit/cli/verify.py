"""`edgekit verify`: artifacts against the reference, in their real runtimes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgekit.cli.common import DEFAULT_OUT, Json, Offline, Out, Verbose
from edgekit.cli.console import console, print_json
from edgekit.errors import AbsentError

if TYPE_CHECKING:
    from edgekit.artifact.load import Artifact
    from edgekit.verify import Check


def verify(
    what: Annotated[
        list[str] | None,
        typer.Argument(metavar="[MODEL|ARTIFACT]...", help="Models by name, or artifact folders; all in OUT if none."),
    ] = None,
    out: Out = DEFAULT_OUT,
    json: Json = False,
    offline: Offline = False,
    verbose: Verbose = False,
) -> int:
    """Run artifacts on the golden inputs and judge them against the reference and the float64 oracle."""
    from edgekit.cli.session import session
    from edgekit.verify import verify as verify_artifacts

    artifacts = named_artifacts(what or [], out)
    with session(offline=offline, verbose=verbose) as executor:
        checks = verify_artifacts(artifacts, executor)
    if json:
        print_json({"checks": [check_document(check) for check in checks]})
    else:
        show_checks(checks)
    return int(any(check.found.verdict.status == "failed" for check in checks))


def named_artifacts(names: list[str], out: Path) -> list["Artifact"]:
    """The artifacts meant by models' names or folders; those in `out` where nothing is named.

    Raises AbsentError where there is none, UsageError for an unknown model or a damaged artifact.
    """
    from edgekit.artifact.load import find_artifacts, load_artifact
    from edgekit.artifact.manifest import FILE
    from edgekit.catalog import load_catalog

    folders: list[Path] = []
    for name in names:
        path = Path(name)
        if (path / FILE).exists():
            folders.append(path)
            continue
        found = find_artifacts(path) if path.is_dir() and "/" in name else []
        model = name if found else load_catalog().find(name).name
        found = found or find_artifacts(out, model)
        if not found:
            raise AbsentError(
                f"{out} holds no artifact of {model}", f"Run `edgekit convert {model} --target all` first."
            )
        folders += found
    if not names:
        folders = find_artifacts(out)
        if not folders:
            raise AbsentError(f"{out} holds no artifacts", "Run `edgekit convert MODEL --target all` first.")
    return [load_artifact(folder) for folder in dict.fromkeys(folders)]


def show_checks(checks: list["Check"]) -> None:
    """Print the table of verdicts, and every reason that does not fit into it."""
    from edgekit.report.verdicts import verdict_notes, verdict_table

    for model in dict.fromkeys(check.artifact.manifest.model.name for check in checks):
        chosen = [check for check in checks if check.artifact.manifest.model.name == model]
        console().print(verdict_table(chosen))
        for note in verdict_notes(chosen):
            console().print(note, highlight=False)


def check_document(check: "Check") -> dict:
    """The JSON of one check."""
    manifest = check.artifact.manifest
    return {
        "model": manifest.model.name,
        "target": manifest.target,
        "variant": check.variant.name,
        "precision": manifest.precision,
        "weights": manifest.weights,
        "artifact": check.artifact.folder,
        "files": manifest.files,
        **{name: getattr(check.found, name) for name in ("verdict", "latency", "peak_memory_bytes", "inspection")},
    }
