"""`edgekit convert`: models to artifacts."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgekit.artifact.conversion_command import DEFAULT_OUT, out_words
from edgekit.cli.common import (
    TARGETS,
    Calibration,
    ChosenPrecision,
    Golden,
    Json,
    Offline,
    Out,
    Verbose,
    batch_option,
    check_calibration,
    model_sources,
    own_photos,
)
from edgekit.cli.console import console, error_console, print_json, warn
from edgekit.cli.device_flag import THIS_MACHINE, Devices, chosen_any
from edgekit.cli.diagnose import NoDiagnose, diagnose_command, explain, show, suggest
from edgekit.cli.made_for import warn_of_devices
from edgekit.cli.model_flags import ModelFlags, takes_model_flags
from edgekit.errors import UsageError

if TYPE_CHECKING:
    from edgekit.conversion.write import Conversion
    from edgekit.verification.check import Check

# Everything that could be done is done, and `--target all` means more: some targets cannot do what is asked.
PARTLY = 5


@takes_model_flags
def convert(
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="MODEL|FOLDER...",
            help="Models by name (`edgekit models` lists them), or folders of Paddle inference models.",
        ),
    ],
    target: Annotated[
        str,
        typer.Option("--target", "-t", help=f"{TARGETS}, comma-separated; all: the first four."),
    ],
    model: ModelFlags,
    out: Out = DEFAULT_OUT,
    batch: Annotated[str, typer.Option(metavar="N|dynamic", help="Samples per call, fixed at export.")] = "1",
    precision: Annotated[
        ChosenPrecision,
        typer.Option(help="Where the target has it; the artifact's folder then says so (docs/precision.md)."),
    ] = ChosenPrecision.fp32,
    calibration: Calibration = None,
    keep_float: Annotated[
        str | None,
        typer.Option(
            metavar="N|NAME,...",
            help="int8: layers that stay in FP32, by their names in the FP32 files, or the N that cost most.",
        ),
    ] = None,
    max_drop: Annotated[
        float | None,
        typer.Option(metavar="POINTS", help="int8: give layers back to FP32 until accuracy drops by no more."),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(metavar="DIR|ZIP|TAR", help="The photos on which --max-drop is measured (docs/evaluate.md)."),
    ] = None,
    gpu: Annotated[
        str | None,
        typer.Option(metavar="SM,...", help="tensorrt: build for these GPUs, such as sm86,sm89 (docs/tensorrt.md)."),
    ] = None,
    arm_arithmetic: Annotated[
        str | None,
        typer.Option(
            metavar="exact|fast", help="lite: go around ARM kernels that divide inexactly, or not (docs/lite_arm.md)."
        ),
    ] = None,
    embed_preprocessing: Annotated[
        bool,
        typer.Option("--embed-preprocessing", help="onnx, openvino: the model takes uint8 RGB photos [N, H, W, 3]."),
    ] = False,
    no_speed_rewrites: Annotated[
        bool, typer.Option("--no-speed-rewrites", help="The graph as it was written, with repairs alone.")
    ] = False,
    made_for: Annotated[
        str | None,
        typer.Option(
            "--for",
            metavar="NAME",
            help="The instruction set that artifacts are for, where it is not this machine's: x86_64, aarch64, armv7 "
            "or wasm. Rewrites for speed are chosen by it (docs/performance.md).",
        ),
    ] = None,
    golden: Golden = None,
    verify: Annotated[bool, typer.Option("--verify", help="Verify what was converted, and show the table.")] = False,
    device: Devices = THIS_MACHINE,
    no_diagnose: NoDiagnose = False,
    json: Json = False,
    offline: Offline = False,
    verbose: Verbose = False,
) -> int:
    """Convert models to one or more targets; with --verify, prove each in its own runtime."""
    from edgekit.cli.session import session
    from edgekit.cli.verify import show_checks
    from edgekit.conversion.convert import convert as convert_model
    from edgekit.keep_float.wish import float_wish
    from edgekit.pipeline.embedding import check_embedding
    from edgekit.pipeline.instruction_set import find_instruction_set
    from edgekit.pipeline.target import check_precision, left_out_of_all, parse_flags, select_targets
    from edgekit.verification.verify import verify as verify_artifacts

    if golden is not None and not verify:
        raise UsageError("--golden gives the photos to verify on, and nothing is verified", "Add --verify.")
    check_calibration(calibration, precision)
    for flag, given in (("--keep-float", keep_float), ("--max-drop", max_drop), ("--data", data)):
        if given is not None and precision is not ChosenPrecision.int8:
            raise UsageError(f"{flag} is for int8, and {precision} is asked for", "Add --precision int8.")
    if made_for is not None and no_speed_rewrites:
        raise UsageError(
            "--for chooses rewrites for speed, and --no-speed-rewrites leaves them out", "Leave one of the two out."
        )
    instruction_set = None if made_for is None else find_instruction_set(made_for)
    wish = float_wish(keep_float, max_drop, data)
    machines = chosen_any(device)
    if machines != [None] and not verify:
        raise UsageError("--device says where to verify, and nothing is verified", "Add --verify.")
    wanted = select_targets(target)
    left_out = left_out_of_all(target, wanted, precision.value, batch_option(batch))
    wanted = [one for one in wanted if one.name not in left_out]
    check_precision(wanted, precision.value)
    flags = parse_flags(wanted, {"gpu": gpu, "arm-arithmetic": arm_arithmetic})
    if embed_preprocessing:
        check_embedding(wanted)
    options = model.options(batch_option(batch))
    own = own_photos(golden)
    sources = model_sources(models, options, offline=offline)
    with session(offline=offline, verbose=verbose) as executor:
        done = []
        for source in sources:
            done += convert_model(
                source,
                wanted,
                out,
                executor,
                precision.value,
                flags,
                embed_preprocessing=embed_preprocessing,
                speed=() if no_speed_rewrites else None,
                machine=instruction_set,
                calibration=calibration or "bundled",
                keep_float=wish,
            )
        artifacts = [one.artifact for one in done if one.artifact is not None]
        for note in dict.fromkeys(note for one in done for note in one.notes):
            warn(note)
        warn_of_devices(artifacts, machines)
        checks = (
            verify_artifacts(artifacts, executor, own=own, recipe=model.recipe, machines=machines) if verify else None
        )
    if not json:
        show_conversions(done, out) if checks is None else show_checks(checks)
    for reason in left_out.values():
        warn(f"left out of all: {reason}")
    status = exit_status(done, checks) or (PARTLY if left_out else 0)
    diagnoses = (
        [] if no_diagnose else explain(checks or [], offline=offline, verbose=verbose, own=own, recipe=model.recipe)
    )
    if json:
        print_json({**conversions_document(done, checks), "left_out": left_out, "diagnoses": diagnoses})
    for one in [] if json else diagnoses:
        show(one)
    if not no_diagnose:
        texts = {one.name: text for one, text in zip(sources, dict.fromkeys(models), strict=True)}
        suggest(done, {name: diagnose_command(text, model, out) for name, text in texts.items()})
    return status


def exit_status(done: list["Conversion"], checks: list["Check"] | None) -> int:
    """The status of the whole: that of the first conversion that failed, else 1 where a verdict failed."""
    # Targets that wait for the same stage end with its error, which is said once.
    for error in dict.fromkeys(str(one.error) for one in done if one.error is not None):
        error_console().print(f"edgekit: {error}", markup=False, highlight=False, soft_wrap=True)
    failed = next((one.error.exit_status for one in done if one.error is not None), 0)
    if failed or checks is None:
        return failed
    from edgekit.cli.verify import verdicts_status

    return verdicts_status(checks)


def show_conversions(done: list["Conversion"], out: Path) -> None:
    """Say where each artifact lies and how big its files are."""
    from edgekit.quantities.sizes import readable_size

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
    models = dict.fromkeys(one.model for one in done if one.artifact and not one.artifact.manifest.verdicts)
    if models:
        command = shlex.join(["edgekit", "verify", *models, *out_words(out)])
        error_console().print(f"Not verified yet: {command}", highlight=False, soft_wrap=True)


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
