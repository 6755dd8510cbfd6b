"""`edgekit export-serving`: a repository for another model server."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgekit.artifact.conversion_command import DEFAULT_OUT, Wanted, conversion_of
from edgekit.cli.common import Json
from edgekit.cli.console import console, print_json
from edgekit.cli.sign import RequireSigned
from edgekit.errors import AbsentError, UsageError

if TYPE_CHECKING:
    from edgekit.artifact.load import Artifact


def export_serving(
    model: Annotated[
        str,
        typer.Argument(
            metavar="[NAME=]MODEL|ARTIFACT", help="A converted model by name, or an artifact's folder; NAME is served."
        ),
    ],
    server: Annotated[str, typer.Option("--for", metavar="SERVER", help="ovms (OpenVINO Model Server) or triton.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="The new folder; serving/<name>-<server> if none.", file_okay=False),
    ] = None,
    artifacts: Annotated[
        Path, typer.Option("--artifacts", metavar="DIR", help="Where converted models lie.", file_okay=False)
    ] = DEFAULT_OUT,
    require_signed: RequireSigned = None,
    json: Json = False,
) -> None:
    """Write a repository for another model server, with a script that proves what it answers.

    Only verified artifacts go into it.
    """
    from edgekit.cli.named_artifacts import split_name
    from edgekit.serve.served import served
    from edgekit.serving_export.repositories import REPOSITORIES
    from edgekit.serving_export.write import export
    from edgekit.signing.approved import approved_artifact
    from edgekit.signing.keys import public_key

    if (repository := REPOSITORIES.get(server.strip().lower())) is None:
        raise UsageError(f"there is no repository for {server}", f"Say --for {' or --for '.join(REPOSITORIES)}.")
    key = public_key(require_signed) if require_signed is not None else None
    name, what = split_name(model)
    chosen = best_artifact(what, artifacts, repository.targets)
    one = served(approved_artifact(chosen.folder, key, {}), name or None)
    folder = out or Path("serving", f"{one.name}-{server.strip().lower()}")
    done = export(one, repository, folder)
    if json:
        print_json({"folder": done.folder, "files": done.files, "artifact": one.artifact.folder, "values": done.values})
        return
    for line in (
        f"{done.folder}: {one.name} ({one.artifact.folder}) for {repository.title}, {len(done.files)} files.",
        f"Its README.md says how to start it; check.py then looks at {done.values} values of its answers.",
    ):
        console().print(line, markup=False, highlight=False, soft_wrap=True)


def best_artifact(what: str, artifacts: Path, targets: tuple[str, ...]) -> "Artifact":
    """The first artifact that passed, of the first of `targets` that has one; its files are not read yet.

    Raises AbsentError for none.
    """
    from edgekit.cli.named_artifacts import described_artifacts

    wanted = Wanted(targets[0], verified=True)
    found = described_artifacts([what], artifacts, wanted)
    able = [one for one in found if one.manifest.target in targets]
    if not able:
        raise AbsentError(
            f"{what} is not converted to {' or '.join(targets)}",
            f"Run `{conversion_of(found[0], wanted)}` first.",
        )
    unproved = {id(one): not any(each.verdict.passed for each in one.manifest.verdicts) for one in able}
    return min(able, key=lambda one: (unproved[id(one)], targets.index(one.manifest.target)))
