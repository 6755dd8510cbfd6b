"""`edgekit convert`: models to artifacts."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgekit.cli.common import (
    DEFAULT_OUT,
    Golden,
    InputSize,
    Json,
    Offline,
    Out,
    OutputKinds,
    SourceOptions,
    Verbose,
    Weights,
    batch_option,
    model_sources,
    own_photos,
    size_option,
    values_option,
)
from edgekit.cli.console import console, error_console, print_json, warn
from edgekit.cli.diagnose import NoDiagnose, diagnose_command, explain, show, suggest
from edgekit.errors import UsageError

if TYPE_CHECKING:
    from edgekit.convert import Conversion
    from edgekit.verify import Check

# Everything that could be done is done, and `--target all` means more: some targets cannot do what is asked.
PARTLY = 5


class Resizing(StrEnum):
    """What `--resize` takes."""

    short = "short"
    stretch = "stretch"
    letterbox = "letterbox"


class Channels(StrEnum):
    """What `--channel-order` takes."""

    RGB = "RGB"
    BGR = "BGR"
    GRAY = "GRAY"
    RGBA = "RGBA"
    BGRA = "BGRA"
    RGB0 = "RGB0"
    BGR0 = "BGR0"


class ChosenPrecision(StrEnum):
    """What `--precision` takes."""

    fp32 = "fp32"
    fp16 = "fp16"


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
        typer.Option(
            "--target", "-t", help="onnx, lite, openvino, ncnn, tensorrt, comma-separated; all: those but tensorrt."
        ),
    ],
    weights: Weights = "auto",
    weights_prefix: Annotated[
        str | None,
        typer.Option(metavar="PREFIX", help="What the names in the weights file begin with, such as Student."),
    ] = None,
    out: Out = DEFAULT_OUT,
    batch: Annotated[str, typer.Option(metavar="N|dynamic", help="Samples per call, fixed at export.")] = "1",
    input_size: InputSize = None,
    recipe: Annotated[Path | None, typer.Option(help="A recipe of your own (docs/recipes.md).", dir_okay=False)] = None,
    name: Annotated[str | None, typer.Option(help="What to call a model from a folder.")] = None,
    config: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|none",
            help="The configuration that says how photos are prepared. Without it: the one beside a model's files.",
        ),
    ] = None,
    labels: Annotated[
        str | None,
        typer.Option(metavar="FILE|imagenet", help="The classes' names: one a line, with or without numbers, or JSON."),
    ] = None,
    resize: Annotated[
        Resizing | None,
        typer.Option(help="short: keep the ratio, cut out the middle; stretch: to the input's size; letterbox: pad."),
    ] = None,
    resize_short: Annotated[
        int | None, typer.Option(help="A photo's short side in pixels, before the crop to the input size.")
    ] = None,
    channel_order: Annotated[
        Channels | None, typer.Option(help="The input's channels; 0 is a fourth one of zeros.", case_sensitive=False)
    ] = None,
    divide_by: Annotated[
        str | None, typer.Option(metavar="N", help="What pixels in 0..255 are divided by first: 255, or 1 for none.")
    ] = None,
    mean: Annotated[
        str | None, typer.Option(metavar="N,...", help="Then subtracted: one number, or one by channel in their order.")
    ] = None,
    std: Annotated[str | None, typer.Option(metavar="N,...", help="What pixels less the mean are divided by.")] = None,
    precision: Annotated[
        ChosenPrecision, typer.Option(help="fp16 where the target has it; the artifact's folder then says so.")
    ] = ChosenPrecision.fp32,
    gpu: Annotated[
        str | None,
        typer.Option(metavar="SM,...", help="tensorrt: build for these GPUs, such as sm86,sm89 (docs/tensorrt.md)."),
    ] = None,
    embed_preprocessing: Annotated[
        bool,
        typer.Option("--embed-preprocessing", help="onnx, openvino: the model takes uint8 RGB photos [N, H, W, 3]."),
    ] = False,
    output_kind: OutputKinds = None,
    golden: Golden = None,
    verify: Annotated[bool, typer.Option("--verify", help="Verify what was converted, and show the table.")] = False,
    no_diagnose: NoDiagnose = False,
    json: Json = False,
    offline: Offline = False,
    verbose: Verbose = False,
) -> int:
    """Convert models to one or more targets; with --verify, prove each in its own runtime."""
    from edgekit.cli.session import session
    from edgekit.cli.verify import show_checks
    from edgekit.convert import convert as convert_model
    from edgekit.pipeline.embedding import check_embedding
    from edgekit.pipeline.output_kinds import parse_output_kinds
    from edgekit.pipeline.target import check_precision, left_out_of_all, parse_flags, select_targets
    from edgekit.verify import verify as verify_artifacts

    if golden is not None and not verify:
        raise UsageError("--golden gives the photos to verify on, and nothing is verified", "Add --verify.")
    wanted = select_targets(target)
    left_out = left_out_of_all(target, wanted, precision.value, batch_option(batch))
    wanted = [one for one in wanted if one.name not in left_out]
    check_precision(wanted, precision.value)
    flags = parse_flags(wanted, {"gpu": gpu})
    if embed_preprocessing:
        check_embedding(wanted)
    options = SourceOptions(
        weights=weights,
        weights_prefix=weights_prefix,
        input_size=size_option(input_size),
        batch=batch_option(batch),
        recipe=recipe,
        name=name,
        config=config,
        labels=labels,
        changes=preprocessing_changes(
            resize, resize_short, channel_order, {"divide_by": divide_by, "mean": mean, "std": std}
        ),
        output_kinds=parse_output_kinds(output_kind),
    )
    own = own_photos(golden)
    sources = model_sources(models, options, offline=offline)
    with session(offline=offline, verbose=verbose) as executor:
        done = []
        for source in sources:
            done += convert_model(
                source, wanted, out, executor, precision.value, flags, embed_preprocessing=embed_preprocessing
            )
        artifacts = [one.artifact for one in done if one.artifact is not None]
        for note in dict.fromkeys(note for one in done for note in one.notes):
            warn(note)
        checks = verify_artifacts(artifacts, executor, own=own) if verify else None
    if not json:
        show_conversions(done) if checks is None else show_checks(checks)
    for reason in left_out.values():
        warn(f"left out of all: {reason}")
    status = exit_status(done, checks) or (PARTLY if left_out else 0)
    diagnoses = [] if no_diagnose else explain(checks or [], offline=offline, verbose=verbose, own=own)
    if json:
        print_json({**conversions_document(done, checks), "left_out": left_out, "diagnoses": diagnoses})
    for one in [] if json else diagnoses:
        show(one)
    if not no_diagnose:
        given = {one.name: text for one, text in zip(sources, dict.fromkeys(models), strict=True)}
        suggest(done, {name: diagnose_command(text, options, out) for name, text in given.items()})
    return status


def preprocessing_changes(
    resize: Resizing | None, resize_short: int | None, channel_order: Channels | None, values: Mapping[str, str | None]
) -> dict[str, Any]:
    """The fields of the preprocessing that flags replace; `values` are texts by field, None where not given.

    Raises UsageError where two of them contradict each other, or one means nothing.
    """
    if resize_short is not None and resize not in (None, Resizing.short):
        raise UsageError(
            f"--resize {resize} leaves no use for --resize-short {resize_short}", "Leave one of the two out."
        )
    changes: dict[str, Any] = {}
    if resize is not None:
        changes["resize"] = resize.value
    if resize_short is not None:
        changes |= {"resize": "short", "resize_short": resize_short}
    if channel_order is not None:
        changes["channel_order"] = channel_order.value
    for field, text in values.items():
        if text is not None:
            changes[field] = values_option(f"--{field.replace('_', '-')}", text)
    return changes


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
