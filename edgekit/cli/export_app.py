"""`edgekit export-app`: verified artifacts into the demo app's assets."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgekit.artifact.conversion_command import DEFAULT_OUT, Wanted, conversion_of
from edgekit.cli.common import Json, Out
from edgekit.cli.console import console, print_json, warn
from edgekit.cli.made_for import warn_of
from edgekit.cli.named_artifacts import named_folders
from edgekit.errors import AbsentError, UsageError

if TYPE_CHECKING:
    from edgekit.app_export.write import Entry, Exported
    from edgekit.artifact.load import Artifact


def export_app(
    what: Annotated[
        list[str],
        typer.Argument(metavar="MODEL|ARTIFACT...", help="Models by name, or artifact folders: all that the app gets."),
    ],
    to: Annotated[Path, typer.Option("--to", metavar="APP", help="The app's folder: android_demo.", file_okay=False)],
    target: Annotated[str, typer.Option("--target", "-t", help="ncnn, lite, or both, comma-separated.")] = "ncnn,lite",
    out: Out = DEFAULT_OUT,
    json: Json = False,
) -> int:
    """Put verified artifacts, with labels and golden samples, into the demo app's assets.

    What an earlier export put there goes: the app holds what this call names. Of Paddle Lite only the ARM file travels.
    """
    from edgekit.app_export.chosen import PHONES, chosen
    from edgekit.app_export.write import export

    artifacts = wanted_artifacts(what, out, target)
    models = [chosen(artifact) for artifact in artifacts]
    warn_of(artifacts, PHONES)
    done = export(models, to)
    if json:
        print_json(
            {
                "assets": done.assets,
                "models": [{**entry_document(entry), "bytes": done.sizes[entry.folder]} for entry in done.index.models],
                "bytes": sum(done.sizes.values()),
                "removed": done.removed,
            }
        )
    else:
        show(done)
    for one in models:
        if one.artifact.manifest.model.class_names is None:
            warn(f"{one.folder} has no class names (edgekit convert --labels FILE): the app shows numbers")
    return 0


def entry_document(entry: "Entry") -> dict:
    """A list's entry as a table."""
    import msgspec

    return msgspec.to_builtins(entry)


def wanted_artifacts(what: list[str], out: Path, target: str) -> "list[Artifact]":
    """The artifacts meant, of the targets asked for.

    Raises UsageError for a target that the app does not run, or a damaged artifact, AbsentError where there is none.
    """
    from edgekit.app_export.chosen import APP_PRECISIONS, APP_TARGETS
    from edgekit.artifact.load import Artifact, load_artifact, read_manifest

    wanted = [name.strip().lower() for name in target.split(",") if name.strip()]
    other = [name for name in wanted if name not in APP_TARGETS]
    if other or not wanted:
        named = ", ".join(other) or "nothing"
        raise UsageError(f"the app runs {' and '.join(APP_TARGETS)}, not {named}", "Name --target ncnn, lite or both.")
    asked = Wanted(",".join(wanted), verified=True)
    found: list[Path] = []
    for name in what:
        # A folder that is named itself is meant, whatever its target: it is refused, not passed over.
        folders = named_folders([name], out, asked)
        single = len(folders) == 1 and Path(name) == folders[0]
        fitting = folders if single else [one for one in folders if read_manifest(one).target in wanted]
        # Of a model's artifacts those of a precision that the app lacks are passed over, where there are others.
        fitting = [one for one in fitting if read_manifest(one).precision in APP_PRECISIONS] or fitting
        if not fitting:
            raise AbsentError(
                f"there is no {' or '.join(wanted)} artifact of {name}",
                f"Run `{conversion_of(Artifact(folders[0], read_manifest(folders[0])), asked)}` first.",
            )
        found += fitting
    return [load_artifact(folder) for folder in dict.fromkeys(found)]


def show(done: "Exported") -> None:
    """Print what the app holds, and how large it is."""
    from edgekit.quantities.sizes import readable_size

    for entry in done.index.models:
        console().print(f"{entry.title}: {readable_size(done.sizes[entry.folder])}", soft_wrap=True)
    for folder in done.removed:
        console().print(f"removed {folder}", soft_wrap=True)
    total = readable_size(sum(done.sizes.values()))
    count = len(done.index.models)
    console().print(f"{done.assets}: {count} model{'s' if count > 1 else ''}, {total} of the app.", soft_wrap=True)
