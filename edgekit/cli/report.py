"""`edgekit report`: one page with all that was proved of a model."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgekit.artifact.conversion_command import DEFAULT_OUT
from edgekit.cli.common import Golden, Json, Offline, Verbose, own_photos
from edgekit.cli.console import console, print_json
from edgekit.cli.device_flag import THIS_MACHINE, Devices, chosen_any
from edgekit.cli.lite_library_flag import LiteLibrary, library_for
from edgekit.cli.named_artifacts import named_artifacts
from edgekit.cli.verify import check_document, verdicts_status
from edgekit.errors import UsageError

if TYPE_CHECKING:
    from edgekit.artifact.load import Artifact


def report(
    what: Annotated[
        list[str], typer.Argument(metavar="MODEL|ARTIFACT...", help="A converted model by name, or artifacts of one.")
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE.html", help="The page to write: MODEL.html here.", dir_okay=False),
    ] = None,
    artifacts: Annotated[
        Path, typer.Option("--artifacts", metavar="DIR", help="Where converted models lie.", file_okay=False)
    ] = DEFAULT_OUT,
    golden: Golden = None,
    recipe: Annotated[
        Path | None,
        typer.Option(help="Judge by the rules of this recipe (docs/recipes.md), not by edgekit's.", dir_okay=False),
    ] = None,
    device: Devices = THIS_MACHINE,
    lite_library: LiteLibrary = None,
    json: Json = False,
    offline: Offline = False,
    verbose: Verbose = False,
) -> int:
    """Write one page with all that was proved of a model: verdicts, errors, parameters, latencies, provenance.

    The artifacts are verified for it; what the cache holds of an earlier verification is not run again. The page needs
    no network, no script and no other file, and says nothing that the artifacts do not.
    """
    from edgekit.cli.session import session
    from edgekit.report.model_files import check_page, golden_images, write_page
    from edgekit.verification.verify import verify

    machines = chosen_any(device)
    library = library_for(lite_library, machines)
    chosen = of_one_model(named_artifacts(what, artifacts))
    page = out or Path(f"{chosen[0].manifest.model.name}.html")
    check_page(page)
    own = own_photos(golden)
    with session(offline=offline, verbose=verbose) as executor:
        checks = verify(chosen, executor, own=own, recipe=recipe, machines=machines, library=library)
        # Within: it reads what the runs left in the cache, which is kept small afterwards.
        write_page(page, checks, golden_images(own))
    if json:
        print_json({"page": page, "checks": [check_document(check) for check in checks]})
    else:
        statuses = [check.found.verdict.status for check in checks]
        counted = ", ".join(f"{statuses.count(one)} {one}" for one in dict.fromkeys(statuses))
        console().print(f"{page}: {counted}", markup=False, highlight=False, soft_wrap=True)
    return verdicts_status(checks)


def of_one_model(artifacts: list["Artifact"]) -> list["Artifact"]:
    """The artifacts, where one page can be of all. Raises UsageError where they are of different models or inputs."""
    first = artifacts[0].manifest
    for manifest in (one.manifest for one in artifacts):
        for what, ours, theirs in (
            ("models", first.model.name, manifest.model.name),
            ("weights", first.weights.sha256, manifest.weights.sha256),
            ("preprocessings", first.preprocessing, manifest.preprocessing),
        ):
            if ours != theirs:
                raise UsageError(
                    f"a page is of one model, and these artifacts are of different {what}",
                    "Name a model, or artifacts of one.",
                )
    return artifacts
