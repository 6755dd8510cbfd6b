"""`edgekit predict`: what artifacts see on photos."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgekit.artifact.conversion_command import DEFAULT_OUT, Wanted
from edgekit.cli.common import Json, Offline, Out, Verbose
from edgekit.cli.console import console, error_console, print_json, warn
from edgekit.cli.device_flag import THIS_MACHINE, Device, chosen_one
from edgekit.cli.sign import RequireSigned

if TYPE_CHECKING:
    from edgekit.artifact.load import Artifact
    from edgekit.classes import Ranked
    from edgekit.predict import Prediction


def predict(
    model: Annotated[
        str, typer.Argument(metavar="MODEL|ARTIFACT", help="A converted model by name, or an artifact's folder.")
    ],
    photos: Annotated[list[Path], typer.Argument(metavar="PHOTO|FOLDER...", help="Photos, and folders of photos.")],
    target: Annotated[
        str | None,
        typer.Option("--target", "-t", help="Which artifact of the model, or all to compare them; the first if none."),
    ] = None,
    require_signed: RequireSigned = None,
    device: Device = THIS_MACHINE,
    top: Annotated[int, typer.Option(help="How many classes to name.", min=1, max=1000)] = 5,
    out: Out = DEFAULT_OUT,
    json: Json = False,
    offline: Offline = False,
    verbose: Verbose = False,
) -> int:
    """Name what is on photos, in the artifact's own runtime, with photos prepared as its manifest says.

    Of labels that do not exclude each other all above their thresholds are shown, and ticked.
    """
    from edgekit.cli.named_artifacts import approved_choice
    from edgekit.cli.session import session
    from edgekit.data.photos import find_photos
    from edgekit.predict import predict as predict_photos
    from edgekit.report.predictions import prediction_table
    from edgekit.signing.keys import public_key

    machine = chosen_one(device)
    key = public_key(require_signed) if require_signed is not None else None
    artifacts = approved_choice(model, out, Wanted(target), key)
    warn_of_unproved(artifacts)
    found = find_photos(photos)
    done: list[Prediction] = []
    with session(offline=offline, verbose=verbose) as executor:
        for some in predict_photos(artifacts, found, executor, top, machine):
            for one in some:
                if one.error is not None:
                    error_console().print(f"edgekit: {one.error}", markup=False, highlight=False, soft_wrap=True)
            if not json and any(one.answers for one in some):
                console().print(prediction_table(some))
            done += some
    if json:
        print_json(document(artifacts, done))
    elif len(artifacts) > 1:
        show_agreement(done)
    return next((one.error.exit_status for one in done if one.error is not None), 0)


def warn_of_unproved(artifacts: list["Artifact"]) -> None:
    """Say which artifacts nobody has verified, or which have failed."""
    for one in artifacts:
        verdicts = [found.verdict for found in one.manifest.verdicts]
        if any(verdict.status == "failed" for verdict in verdicts):
            warn(f"{one.folder} has failed its verification: its answers may be wrong")
        elif not any(verdict.passed for verdict in verdicts):
            warn(f"{one.folder} is not verified yet: edgekit verify {one.folder}")


def show_agreement(done: list["Prediction"]) -> None:
    """Say on how many photos the targets name the same class, or give the same labels."""
    read = [one for one in done if one.error is None]
    apart = [one for one in read if not one.agreed]
    if not apart:
        what = "give the same labels" if any(one.labels for one in read) else "name the same class"
        console().print(f"All targets {what} on {len(read)} of {len(read)} photos.", highlight=False)
        return
    console().print(
        f"Targets disagree on {len(apart)} of {len(read)} photos: {', '.join(one.photo.name for one in apart)}",
        highlight=False,
        markup=False,
        style="bold red",
    )


def document(artifacts: list["Artifact"], done: list["Prediction"]) -> dict:
    """The JSON: which artifacts, and each photo's classes by each of them.

    `labels` are those above their thresholds, of artifacts that end in a sigmoid: as the runtime's runner has it.
    """
    from edgekit.predict import label

    sigmoids = {label(one) for one in artifacts if one.manifest.outputs[0].kind == "sigmoid"}
    return {
        "artifacts": {label(one): one.folder for one in artifacts},
        "photos": [
            {
                "photo": one.photo,
                "agreed": one.agreed if one.error is None else None,
                "error": one.error and str(one.error),
                "classes": {name: records(ranked) for name, ranked in one.answers.items()},
                "labels": {name: records(each.given) for name, each in one.labels.items() if name in sigmoids},
            }
            for one in done
        ],
    }


def records(ranked: Iterable["Ranked"]) -> list[dict[str, int | str | float | None]]:
    """Classes for the JSON."""
    return [{"index": one.index, "name": one.name, "probability": one.probability} for one in ranked]
