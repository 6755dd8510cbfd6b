"""Flags that several commands share, and how models and weights are read from the command line."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgekit.cli.console import warn
from edgekit.cli.downloads import shown_download
from edgekit.errors import UsageError

if TYPE_CHECKING:
    from edgekit.catalog import Catalog
    from edgekit.inputs.photo_folder import PhotoFolder
    from edgekit.inputs.size import Size
    from edgekit.parity.verdict import OutputKind
    from edgekit.pipeline.source import Batch, ModelSource

# Here, since to read them takes longer than to show a help; `--target all` means the first four.
TARGETS = "onnx, lite, openvino, ncnn, mnn, tflite, paddle, tensorrt"

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show the workers' logs.")]
Offline = Annotated[bool, typer.Option("--offline", help="Do not use the network, not even to look.")]
Out = Annotated[
    Path, typer.Option("--out", "-o", help="Folder for the artifacts: OUT/<model>/<target>/.", file_okay=False)
]
Golden = Annotated[
    Path | None,
    typer.Option(
        "--golden",
        metavar="DIR",
        help="Judge on your own photos: JPEG and PNG files in DIR and its subfolders, at most 32 of them.",
    ),
]
Junit = Annotated[
    Path | None,
    typer.Option("--junit", metavar="FILE.xml", help="Also write the verdicts as JUnit XML, for CI.", dir_okay=False),
]
Weights = Annotated[
    str,
    typer.Option(
        "--weights",
        "-w",
        help="auto, official, demo, synthetic[:SEED], or a .pdparams or .safetensors file. "
        "auto: the official ones, else the bundled demo weights.",
    ),
]


class ChosenPrecision(StrEnum):
    """What `--precision` takes."""

    fp32 = "fp32"
    fp16 = "fp16"
    int8 = "int8"
    int8_weights = "int8-weights"
    int16_weights = "int16-weights"


Calibration = Annotated[
    str | None,
    typer.Option(metavar="DIR|bundled", help="int8: 100 to 300 photos like yours (bundled: made pictures)."),
]


def check_calibration(calibration: str | None, precision: ChosenPrecision) -> None:
    """Raise UsageError where photos are given for a precision that needs none."""
    if calibration is not None and precision is not ChosenPrecision.int8:
        raise UsageError(f"--calibration is for int8, and {precision} is asked for", "Add --precision int8.")


@dataclass(frozen=True)
class SourceOptions:
    """What the command line says of the models to convert; `changes` are fields of the preprocessing."""

    weights: str = "auto"
    weights_prefix: str | None = None
    input_size: "Size | None" = None
    batch: "Batch" = 1
    recipe: Path | None = None
    name: str | None = None
    config: str | None = None
    labels: str | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)
    output_kinds: "Mapping[str, OutputKind]" = field(default_factory=dict)


def model_sources(names: list[str], options: SourceOptions, *, offline: bool) -> list["ModelSource"]:
    """The models named on the command line: catalog names with their weights, or folders of inference models.

    Raises UsageError for an unknown name, impossible weights or a folder without a model, AbsentError for weights
    that are not to be had.
    """
    from edgekit.cache import cache_folder
    from edgekit.catalog import load_catalog
    from edgekit.pipeline.source import catalog_source, program_source
    from edgekit.weights import resolve_weights

    catalog, cache = load_catalog(), cache_folder()
    wanted = list(dict.fromkeys(names))
    if options.name and len(wanted) > 1:
        raise UsageError(f"--name gives one model a name, and {len(wanted)} are named", "Convert them one at a time.")
    common: dict[str, Any] = {
        "input_size": options.input_size,
        "batch": options.batch,
        "recipe_file": options.recipe,
        "config": options.config,
        "labels": options.labels,
        "changes": options.changes,
        "output_kinds": options.output_kinds,
    }
    # All names first: a misspelt second model must not cost the first one's conversion.
    meant = {name: Path(name) if is_path(name, catalog) else catalog.find(name) for name in wanted}
    sources: list[ModelSource] = []
    for name, model in meant.items():
        if isinstance(model, Path):
            if options.weights != "auto" or options.weights_prefix is not None:
                asked = f"--weights {options.weights}" if options.weights != "auto" else "--weights-prefix"
                raise UsageError(
                    f"{name} is a model with its parameters, and {asked} asks for others",
                    "Leave --weights out, or name the architecture that the weights belong to.",
                )
            sources.append(program_source(model, cache, name=options.name, **common))
            continue
        if options.name:
            raise UsageError(f"--name is for a model from a folder, and {name} has one", "Leave it out.")
        with shown_download(f"weights of {model.name}") as progress:
            resolved = resolve_weights(
                model,
                options.weights,
                cache,
                offline=offline,
                progress=progress,
                prefix=options.weights_prefix,
                notify=warn,
            )
        if resolved.warning:
            warn(resolved.warning)
        sources.append(catalog_source(model, resolved, **common))
    check_names(sources)
    for note in dict.fromkeys(note for source in sources for note in source.described.notes):
        warn(note)
    return sources


def own_photos(golden: Path | None) -> "PhotoFolder | None":
    """The photos of `--golden`; says so on stderr where there are more than are taken.

    Raises UsageError where there are none, or one that cannot be read.
    """
    if golden is None:
        return None
    from edgekit.inputs.photo_folder import photo_folder

    own = photo_folder(golden)
    if own.found > len(own.photos):
        warn(f"{len(own.photos)} of the {own.found} photos in {golden} are taken, at even distances by name")
    return own


def is_path(name: str, catalog: "Catalog") -> bool:
    """Whether a path is meant: it looks like one, or it exists and no model is called so."""
    if os.sep in name or name.startswith("."):
        return True
    return Path(name).exists() and not catalog.knows(name)


def check_names(sources: list["ModelSource"]) -> None:
    """Raise UsageError where two models would go into one folder."""
    names = [source.name for source in sources]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"two of the models are called {twice[0]}", "Convert them one at a time, with --name.")


def batch_option(text: str) -> "Batch":
    """The value of --batch. Raises UsageError for what is neither a number from 1 up nor `dynamic`."""
    if text == "dynamic":
        return "dynamic"
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 4096):
        raise UsageError(f"--batch {text} is impossible", "Give a number from 1 up, or dynamic.")
    return int(text)


def size_option(text: str | None, flag: str = "--input-size") -> "Size | None":
    """The value of such a flag, None where it is not given. Raises UsageError for what is no size."""
    from edgekit.inputs.size import Size

    try:
        return None if text is None else Size.parse(text)
    except ValueError:
        raise UsageError(
            f"{flag} {text} is not a size", "Give a side in pixels, as in 224, or HEIGHTxWIDTH, as in 80x160."
        ) from None


def values_option(flag: str, text: str) -> float | list[float]:
    """A number for all channels, or one by channel, as in 0.485,0.456,0.406. Raises UsageError for anything else."""
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if len(values) not in (1, 3, 4):
        raise UsageError(
            f"{flag} {text} is not a number for each channel", "Give one number for all, or as in 0.485,0.456,0.406."
        )
    return values[0] if len(values) == 1 else values
