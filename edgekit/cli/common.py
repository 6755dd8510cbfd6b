"""Flags that several commands share, and how models and weights are read from the command line."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgekit.cli.console import warn
from edgekit.cli.downloads import shown_download

if TYPE_CHECKING:
    from edgekit.pipeline.source import ModelSource

DEFAULT_OUT = Path("artifacts")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show the workers' logs.")]
Offline = Annotated[bool, typer.Option("--offline", help="Do not use the network, not even to look.")]
Out = Annotated[
    Path, typer.Option("--out", "-o", help="Folder for the artifacts: OUT/<model>/<target>/.", file_okay=False)
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


def model_sources(
    names: list[str], weights: str, *, offline: bool, input_size: int | None = None, batch: int = 1
) -> list["ModelSource"]:
    """The models named on the command line with their weights.

    Raises UsageError for an unknown name or impossible weights, AbsentError for weights that are not to be had.
    """
    from edgekit.cache import cache_folder
    from edgekit.catalog import load_catalog
    from edgekit.pipeline.source import model_source
    from edgekit.weights import resolve_weights

    catalog = load_catalog()
    sources = []
    # All names first: a misspelt second model must not cost the first one's conversion.
    for model in [catalog.find(name) for name in dict.fromkeys(names)]:
        with shown_download(f"weights of {model.name}") as progress:
            resolved = resolve_weights(model, weights, cache_folder(), offline=offline, progress=progress)
        if resolved.warning:
            warn(resolved.warning)
        sources.append(model_source(model, resolved, input_size=input_size, batch=batch))
    return sources
