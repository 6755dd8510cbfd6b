"""`edgekit verify`: artifacts against the reference, in their real runtimes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgekit.artifact.conversion_command import DEFAULT_OUT
from edgekit.cli.common import Golden, Json, Junit, Offline, Out, Verbose, own_photos
from edgekit.cli.console import console, print_json
from edgekit.cli.device_flag import THIS_MACHINE, Devices, chosen_any
from edgekit.cli.diagnose import NoDiagnose, explain, show
from edgekit.cli.lite_library_flag import LiteLibrary, library_for
from edgekit.cli.made_for import warn_of_devices
from edgekit.cli.named_artifacts import named_folders
from edgekit.cli.sign import RequireSigned, signed_document, signed_words
from edgekit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgekit.from_device.judged import Judged
    from edgekit.signing.signature import Signed
    from edgekit.verification.check import Check


def verify(
    what: Annotated[
        list[str] | None,
        typer.Argument(metavar="[MODEL|ARTIFACT]...", help="Models by name, or artifact folders; all in OUT if none."),
    ] = None,
    out: Out = DEFAULT_OUT,
    reference: Annotated[
        str,
        typer.Option(
            "--reference",
            metavar="auto|paddle-cpu|BUNDLE",
            help="What to judge against. auto: the best fitting GPU bundle at hand, else Paddle on this machine's CPU.",
        ),
    ] = "auto",
    require_gpu_reference: Annotated[
        bool, typer.Option("--require-gpu-reference", help="Fail where no reference from a GPU is at hand.")
    ] = False,
    golden: Golden = None,
    device: Devices = THIS_MACHINE,
    lite_library: LiteLibrary = None,
    require_signed: RequireSigned = None,
    recipe: Annotated[
        Path | None,
        typer.Option(help="Judge by the rules of this recipe (docs/recipes.md), not by edgekit's.", dir_okay=False),
    ] = None,
    from_device: Annotated[
        Path | None,
        typer.Option(
            "--from-device",
            metavar="FILE.zip",
            help="Judge what a device did: its report (docs/runtime.md), by the artifact named, or the one in OUT.",
            dir_okay=False,
        ),
    ] = None,
    no_diagnose: NoDiagnose = False,
    junit: Junit = None,
    json: Json = False,
    offline: Offline = False,
    verbose: Verbose = False,
) -> int:
    """Run artifacts on the golden inputs and judge them against the reference and the float64 oracle."""
    if from_device is not None:
        others = {"--golden": golden, "--require-signed": require_signed, "--lite-library": lite_library}
        others |= {"--device": device != THIS_MACHINE or None, "--reference": reference != "auto" or None}
        others |= {"--require-gpu-reference": require_gpu_reference or None, "--junit": junit}
        return from_device_report(from_device, what or [], out, recipe, others, json, offline, verbose)
    from edgekit.cache import cache_folder
    from edgekit.cli.session import session
    from edgekit.reference.choose import choice
    from edgekit.signing.approved import approved_artifact
    from edgekit.signing.keys import public_key
    from edgekit.verification.verify import verify as verify_artifacts

    if junit is not None:
        from edgekit.report.junit import check_junit

        check_junit(junit)
    machines = chosen_any(device)
    library = library_for(lite_library, machines)
    signatures: dict[Path, Signed] = {}
    key = public_key(require_signed) if require_signed is not None else None
    artifacts = [approved_artifact(folder, key, signatures) for folder in named_folders(what or [], out)]
    own = own_photos(golden)
    against = choice(reference, require_gpu=require_gpu_reference, cache=cache_folder())
    with session(offline=offline, verbose=verbose) as executor:
        warn_of_devices(artifacts, machines)
        checks = verify_artifacts(artifacts, executor, against, own, recipe, machines, library)
    if junit is not None:
        from edgekit.report.junit import cases_of_checks, write_junit

        write_junit(junit, cases_of_checks(checks))
    if not json:
        show_checks(checks, signatures)
    diagnoses = [] if no_diagnose else explain(checks, offline=offline, verbose=verbose, own=own, recipe=recipe)
    if json:
        print_json({"checks": [check_document(check, signatures) for check in checks], "diagnoses": diagnoses})
    for one in [] if json else diagnoses:
        show(one)
    return verdicts_status(checks)


def from_device_report(
    report: Path,
    what: list[str],
    out: Path,
    recipe: Path | None,
    others: "Mapping[str, object]",
    json: bool,
    offline: bool,
    verbose: bool,
) -> int:
    """Judge a device's report, show it, and return the exit status. `others` are flags that do not belong to it."""
    from edgekit.cli.session import session
    from edgekit.from_device.judge import judge_report
    from edgekit.report.from_device import judged_notes, judged_table

    if given := [flag for flag, value in others.items() if value is not None]:
        raise UsageError(f"{given[0]} does not belong to --from-device", "A report says what ran, and on what.")
    folders = named_folders(what, out) if what else []
    if len(folders) > 1:
        raise UsageError(
            f"a report is of one artifact, and {len(folders)} are meant", "Name its folder, such as OUT/MODEL/TARGET."
        )
    with session(offline=offline, verbose=verbose) as executor:
        judged = judge_report(report, executor, folders[0] if folders else None, out, recipe)
    if json:
        print_json(judged_document(judged))
    else:
        console().print(judged_table(judged))
        for note in judged_notes(judged):
            console().print(note, highlight=False)
    return 0 if judged.passed else 1


def judged_document(judged: "Judged") -> dict:
    """The JSON of a judged report."""
    fields = {name: getattr(judged, name) for name in judged.__struct_fields__}
    return {"passed": judged.passed, "parted": judged.parted, "reason": judged.reason, **fields}


def verdicts_status(checks: list["Check"]) -> int:
    """1 where a verdict failed, else that of the first one that was discarded or had no device, else 0."""
    if any(check.found.verdict.status == "failed" for check in checks):
        return 1
    reasons = (check.discarded or check.absent for check in checks)
    return next((reason.exit_status for reason in reasons if reason is not None), 0)


def show_checks(checks: list["Check"], signatures: "Mapping[Path, Signed] | None" = None) -> None:
    """Print the table of verdicts, every reason that does not fit into it, and what is signed."""
    from edgekit.report.verdicts import verdict_notes, verdict_table

    # One table for each precision: what is allowed differs.
    manifests = [check.artifact.manifest for check in checks]
    for shown in dict.fromkeys((manifest.model.name, manifest.precision) for manifest in manifests):
        chosen = [
            check
            for check, manifest in zip(checks, manifests, strict=True)
            if (manifest.model.name, manifest.precision) == shown
        ]
        console().print(verdict_table(chosen))
        for note in verdict_notes(chosen):
            console().print(note, highlight=False)
    show_signatures(list(dict.fromkeys(check.artifact.folder for check in checks)), signatures or {})


FOUND = ("verdict", "machine", "device", "tolerance", "ledger", "latency", "peak_memory_bytes", "inspection")


def show_signatures(folders: list[Path], signatures: "Mapping[Path, Signed]") -> None:
    """Say whose signatures hold, and which artifacts keep the verdicts that were signed."""
    from edgekit.artifact.load import is_signed

    for folder in folders:
        if (signed := signatures.get(folder)) is not None:
            line = f"{folder} is signed, {signed_words(signed)}."
        elif is_signed(folder):
            line = f"{folder} has a signature, which was not checked: edgekit verify --require-signed KEY."
        else:
            continue
        line = f"{line} Its manifest stays as it is."
        console().print(line, markup=False, highlight=False, soft_wrap=True)


def check_document(check: "Check", signatures: "Mapping[Path, Signed] | None" = None) -> dict:
    """The JSON of one check; `signature` is one that was asked for and holds."""
    from edgekit.artifact.samples import samples_record

    manifest = check.artifact.manifest
    signed = (signatures or {}).get(check.artifact.folder)
    return {
        "model": manifest.model.name,
        "target": manifest.target,
        "variant": check.variant.name,
        "precision": manifest.precision,
        "weights": manifest.weights,
        "artifact": check.artifact.folder,
        "signature": None if signed is None else signed_document(signed),
        "files": manifest.files,
        "samples": check.golden and samples_record(check.golden),
        "reference": reference_document(check),
        "latency_remembered": check.remembered,
        "discarded": check.discarded and str(check.discarded),
        "absent": check.absent and str(check.absent),
        **{name: getattr(check.found, name) for name in FOUND},
    }


def reference_document(check: "Check") -> dict:
    """The JSON of what a check was judged against."""
    judged_by = check.judged_by
    if judged_by is None or judged_by.bundle is None:
        declined = judged_by.declined if judged_by else ()
        return {"name": check.found.verdict.judged_against, "gpu": False, "bundle": None, "declined": declined}
    return {
        "name": judged_by.name,
        "gpu": judged_by.bundle.description.is_gpu,
        "bundle": judged_by.bundle.path,
        "declined": judged_by.declined,
        "exactness": {name: measured.exactness for name, measured in judged_by.measured.items()},
    }
