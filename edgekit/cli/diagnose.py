"""`edgekit diagnose`: why an artifact is wrong."""

import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgekit.artifact.conversion_command import DEFAULT_OUT, out_words
from edgekit.cli.common import (
    TARGETS,
    Golden,
    Json,
    Offline,
    Out,
    Verbose,
    model_sources,
    own_photos,
)
from edgekit.cli.console import console, error_console, print_json
from edgekit.cli.device_flag import THIS_MACHINE, EmulatedDevice, chosen_machine, chosen_machines, device_words
from edgekit.cli.model_flags import ModelFlags, takes_model_flags
from edgekit.errors import AbsentError, ConversionError, DiskFullError, EdgekitError, UsageError
from edgekit.untrusted.files import resolved

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edgekit.conversion.write import Conversion
    from edgekit.devices.machine import Machine
    from edgekit.diagnose.report import Diagnosis
    from edgekit.inputs.photo_folder import PhotoFolder
    from edgekit.pipeline.source import ModelSource
    from edgekit.verification.check import Check

NoDiagnose = Annotated[bool, typer.Option("--no-diagnose", help="Do not look for the reason where a verdict fails.")]


@takes_model_flags
def diagnose(
    what: Annotated[
        str, typer.Argument(metavar="MODEL|ARTIFACT", help="A model by name or folder, or an artifact's folder.")
    ],
    model: ModelFlags,
    target: Annotated[str | None, typer.Option("--target", "-t", help=f"{TARGETS}; an artifact says its own.")] = None,
    out: Out = DEFAULT_OUT,
    golden: Golden = None,
    device: EmulatedDevice = THIS_MACHINE,
    without_rewrite: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Convert afresh with this rewrite left out; repeatable.")
    ] = None,
    reproducer: Annotated[
        Path | None,
        typer.Option(
            help="Folder for the reproducer; diagnosis-<target>/ beside the artifact otherwise.", file_okay=False
        ),
    ] = None,
    json: Json = False,
    offline: Offline = False,
    verbose: Verbose = False,
) -> int:
    """Name the step, the layer and the rewrite behind a wrong artifact, and write a reproducer.

    An artifact in OUT is diagnosed as it is, changed files included. A model without one, or with flags that say how
    to convert it, is converted first, outside OUT.
    """
    from edgekit.cache import cache_folder
    from edgekit.cli.session import session
    from edgekit.diagnose.diagnose import diagnose as examine
    from edgekit.diagnose.reproducer import REPRODUCER
    from edgekit.diagnose.subject import artifact_subject, model_subject
    from edgekit.filesystem.owned import check_folder
    from edgekit.filesystem.scratch import working_folder
    from edgekit.pipeline.target import select_targets

    if reproducer is not None:
        check_folder(reproducer, REPRODUCER)
    machine = chosen_machine(device)
    own = own_photos(golden)
    fresh = bool(without_rewrite or model.words())
    folder = None if fresh else artifact_folder(what, target, out)
    with (
        session(offline=offline, verbose=verbose) as executor,
        working_folder(cache_folder()) as scratch,
    ):
        if folder is not None:
            subject = artifact_subject(folder, executor)
            beside = folder.parent
        else:
            if target is None:
                raise UsageError("it is not said which target to diagnose", "Name one, as in --target ncnn.")
            wanted = select_targets(target)
            if len(wanted) != 1:
                raise UsageError(f"--target {target} names {len(wanted)} targets", "Diagnose them one at a time.")
            (source,) = model_sources([what], model.options(), offline=offline)
            source = without(source, wanted[0].name, without_rewrite or [])
            subject = model_subject(source, wanted[0], scratch, executor)
            beside = out / source.name
        place = reproducer or beside / f"diagnosis-{subject.target.name}"
        found = examine(subject, executor, place, own=own, recipe=model.recipe, machine=machine)
    if json:
        print_json({"diagnoses": found})
    else:
        for one in found:
            show(one)
    return int(any(not one.healthy for one in found))


def artifact_folder(what: str, target: str | None, out: Path) -> Path | None:
    """The artifact meant: a folder with a manifest, or a model's in `out`; None where there is none yet."""
    from edgekit.artifact.load import find_artifacts
    from edgekit.artifact.manifest import FILE
    from edgekit.catalog import load_catalog

    path = Path(what)
    if (path / FILE).exists():
        return path
    catalog = load_catalog()
    name = catalog.find(what).name if catalog.knows(what) else resolved(path).name
    found = [folder for folder in find_artifacts(out, name) if target is None or folder.name == target]
    if len(found) > 1:
        listed = ", ".join(folder.name for folder in found)
        raise UsageError(f"{out / name} holds artifacts for {listed}", "Name one with --target.")
    if not found and target is None:
        raise AbsentError(f"{out} holds no artifact of {what}", "Name a target to convert it to, as in --target ncnn.")
    return found[0] if found else None


def without(source: "ModelSource", target: str, names: list[str]) -> "ModelSource":
    """The source with a recipe that leaves rewrites of a target, for its speed, or of the program, out.

    Raises UsageError for one that it has not got.
    """
    from msgspec.structs import replace as with_changes

    from edgekit.recipe.schema import TargetRecipe

    chosen = source.recipe.targets.get(target, TargetRecipe())
    program = source.recipe.program
    known = [one.name for one in (*program.rewrites, *chosen.speed, *chosen.rewrites)]
    for name in names:
        if name not in known:
            raise UsageError(f"the recipe for {target} has no rewrite {name}", f"It has: {', '.join(known) or 'none'}.")
    left, of_program = (
        tuple(one for one in rewrites if one.name not in names) for rewrites in (chosen.rewrites, program.rewrites)
    )
    speed = tuple(one for one in chosen.speed if one.name not in names)
    targets = {**source.recipe.targets, target: with_changes(chosen, rewrites=left, speed=speed)}
    changed = with_changes(source.recipe, targets=targets, program=with_changes(program, rewrites=of_program))
    return replace(source, recipe=changed)


def show(found: "Diagnosis") -> None:
    """Print the table of steps, then the paragraph."""
    from edgekit.report.diagnosis import step_table

    console().print(step_table(found))
    console().print(found.sentence, highlight=False, markup=False)


def explain(
    checks: "Sequence[Check]",
    *,
    offline: bool,
    verbose: bool,
    own: "PhotoFolder | None" = None,
    recipe: Path | None = None,
) -> "list[Diagnosis]":
    """Diagnose the first artifact whose verdict failed, and say what to type for the others; nothing where none did.

    `own` are the photos on which they were verified, where those are the user's, and `recipe` the one that judged.
    A diagnosis that cannot be made is one line on stderr: the verdict stands without it.
    """
    # Where it fails here too, the fault is none of another machine.
    failed: dict[Path, Machine | None] = {}
    for check in filter(has_layers_to_look_at, checks):
        on = next((one for one in chosen_machines(check.found.machine or THIS_MACHINE)), None)
        if on is None or check.artifact.folder not in failed:
            failed[check.artifact.folder] = on
    if not failed:
        return []
    from edgekit.cli.session import session
    from edgekit.diagnose.diagnose import diagnose as examine
    from edgekit.diagnose.subject import artifact_subject

    (first, machine), *others = failed.items()
    found: list[Diagnosis] = []
    try:
        with session(offline=offline, verbose=verbose) as executor:
            subject = artifact_subject(first, executor)
            place = first.parent / f"diagnosis-{subject.target.name}"
            found = examine(subject, executor, place, own=own, recipe=recipe, machine=machine)
    except EdgekitError as error:
        said = f"Why it failed could not be found out: {error}"
        error_console().print(said, markup=False, highlight=False, soft_wrap=True)
    if others:
        again = ["--golden", str(own.folder)] if own else []
        say_command(
            [shlex.join(["edgekit", "diagnose", str(folder), *device_words(on), *again]) for folder, on in others]
        )
    return found


def has_layers_to_look_at(check: "Check") -> bool:
    """Whether a verdict failed, by the artifact's fault, on a target whose layers can be looked into."""
    from edgekit.bundled import bundled_folder

    at_fault = check.found.verdict.status == "failed" and not (check.judged_by and check.judged_by.unusable)
    observer = bundled_folder("converters") / check.target.worker("tensors.py")
    # Of what runs in a user's own library alone, no layer can be seen.
    seen = observer.exists() and not check.variant.hosted
    manifest = check.artifact.manifest
    return at_fault and seen and not manifest.embedded_preprocessing and not manifest.precision.startswith("int")


def diagnose_command(given: str, model: ModelFlags, out: Path) -> list[str]:
    """What diagnoses a model that was given as `given` and is converted with `model` into `out`; the target lacks."""
    return ["edgekit", "diagnose", given, *model.words(), *out_words(out)]


def suggest(conversions: "Sequence[Conversion]", commands: "Mapping[str, Sequence[str]]") -> None:
    """One line on stderr that says how to learn why a conversion failed; nothing where none did.

    `commands` are those of `diagnose_command`, by the models' names.
    """
    failed = [
        shlex.join([*commands[one.model], "--target", one.target.name])
        for one in conversions
        if isinstance(one.error, ConversionError) and not isinstance(one.error, DiskFullError) and one.model in commands
    ]
    if failed:
        say_command(failed)


def say_command(commands: list[str]) -> None:
    """Say what to type, the first of several."""
    more = f" (and {len(set(commands)) - 1} more)" if len(set(commands)) > 1 else ""
    said = f"Why, and which layer: {commands[0]}{more}"
    error_console().print(said, markup=False, highlight=False, soft_wrap=True)
