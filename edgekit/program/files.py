"""Finds the files of a Paddle inference model in a folder. What is in them, the workers look at."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edgekit.errors import UsageError
from edgekit.filesystem.hashes_by_stat import remembered_sha256
from edgekit.filesystem.hashing import data_sha256

Format = Literal["paddle2", "paddle3"]

OLD_GRAPH = "__model__"
# Older exports: the graph's name, and what the one file with all parameters may be called. `__params__` is usual,
# `__variables__` what dygraph.jit.save of Paddle 1.8 wrote, and PaddleClas 1.x exported `model` and `params`.
OLD_LAYOUTS = {OLD_GRAPH: ("__params__", "__variables__", "params"), "model": ("params", "__params__")}
EXPECTED = (
    "A Paddle inference model is a folder with a .pdmodel and a .pdiparams file of one name (Paddle 2), with __model__ "
    "or model and its parameter files (older exports), or with inference.json and inference.pdiparams (Paddle 3)."
)
# What people try first, and the way out for each.
OTHERS = {
    ".onnx": "edgekit starts from Paddle: give the Paddle inference model that it was made from.",
    ".pdparams": "Trained weights need their architecture: `edgekit convert MODEL --weights FILE.pdparams`.",
    ".nb": "It is an optimised Paddle Lite model; give the Paddle inference model that it was made from.",
    ".xml": "edgekit starts from Paddle: give the Paddle inference model that it was made from.",
    ".pt": "edgekit starts from Paddle, and this is PyTorch's format.",
    ".pth": "edgekit starts from Paddle, and this is PyTorch's format.",
    ".tar": "Unpack it, and give the folder with the .pdmodel file.",
    ".zip": "Unpack it, and give the folder with the .pdmodel file.",
}
NOT_PARAMETERS = {".yml", ".yaml", ".txt", ".md", ".json", ".info", ".py"}
NEVER_PARAMETERS = {"__variables.info__"}  # a pickle beside __variables__, for training on
MOST_FILES = 20_000
LARGEST_GRAPH = 256 << 20
"""Bytes; a graph without its parameters has a hundredth of it. Readers take many times a graph's size in memory."""


@dataclass(frozen=True)
class ProgramFiles:
    """An inference model's files: the `graph`, and its `parameters`, with their SHA-256.

    The parameters are one file (`combined`), or a file each in the graph's folder and below; the SHA-256 of several
    files is the hash of their names and hashes.
    """

    format: Format
    graph: Path
    graph_sha256: str
    parameters: tuple[Path, ...]
    parameters_sha256: str
    combined: bool = True

    @property
    def parameter_bytes(self) -> int:
        """The size of all parameters."""
        return sum(path.stat().st_size for path in self.parameters)


def find_program(path: Path, cache: Path) -> ProgramFiles:
    """The inference model that `path` means: a folder, or its graph's file. `cache` remembers hashes.

    Raises UsageError, naming what is there instead and what to do, where it is none or more than one.
    """
    if path.is_file():
        return program_of(path, cache)
    if not path.is_dir():
        raise UsageError(f"there is no folder {path}", EXPECTED)
    graphs = graphs_in(path)
    if not graphs:
        raise UsageError(f"{path} holds no Paddle inference model{instead(path)}", EXPECTED)
    if len(graphs) > 1:
        names = ", ".join(graph.name for graph in graphs)
        raise UsageError(f"{path} holds {len(graphs)} models ({names})", f"Name one, such as {graphs[0]}.")
    return program_of(graphs[0], cache)


def graphs_in(folder: Path) -> list[Path]:
    """The files of `folder` that are a model's graph. Paddle 3 writes its .json beside a .pdmodel of the same model."""
    files = [path for path in sorted(folder.iterdir()) if not path.name.startswith(".") and path.is_file()]
    graphs = [path for path in files if path.suffix == ".pdmodel"] or [
        path for path in files if path.suffix == ".json" and path.with_suffix(".pdiparams").is_file()
    ]
    for path in files:
        combined = [name for name in OLD_LAYOUTS.get(path.name, ()) if path.with_name(name).is_file()]
        if combined or path.name == OLD_GRAPH:
            graphs.append(path)
    return graphs


def program_of(graph: Path, cache: Path) -> ProgramFiles:
    """The model whose graph is the file `graph`. Raises UsageError where it is another file, or has no parameters."""
    if graph.stat().st_size > LARGEST_GRAPH:
        raise UsageError(f"{graph} is too large for a program: more than {LARGEST_GRAPH >> 20} MiB", EXPECTED)
    parameters, combined = old_parameters(graph) if graph.name in OLD_LAYOUTS else (parameters_beside(graph), True)
    try:
        hashes = {path.relative_to(graph.parent).as_posix(): remembered_sha256(path, cache) for path in parameters}
        graph_sha256 = remembered_sha256(graph, cache)
    except OSError as error:
        raise UsageError(f"{error.filename} cannot be read ({error.strerror})", "Check its permissions.") from None
    return ProgramFiles(
        format="paddle3" if graph.suffix == ".json" else "paddle2",
        graph=graph,
        graph_sha256=graph_sha256,
        parameters=parameters,
        parameters_sha256=next(iter(hashes.values())) if len(hashes) == 1 else data_sha256(hashes),
        combined=combined,
    )


def parameters_beside(graph: Path) -> tuple[Path, ...]:
    """The one file that holds all parameters. Raises UsageError where there is none, or `graph` is another thing."""
    if graph.suffix not in (".pdmodel", ".json"):
        raise UsageError(f"{graph} is not a Paddle inference model", OTHERS.get(graph.suffix, EXPECTED))
    if graph.name.startswith("._"):
        raise UsageError(
            f"{graph} is what macOS keeps beside a file, not a model", f"Name {graph.with_name(graph.name[2:])}."
        )
    parameters = graph.with_suffix(".pdiparams")
    if not parameters.is_file():
        raise UsageError(
            f"{graph} has no {parameters.name} beside it", "Put the parameters there: both files are one model."
        )
    return (parameters,)


def old_parameters(graph: Path) -> tuple[tuple[Path, ...], bool]:
    """The parameters of a graph of an older export, and whether they are one file.

    Where none of its names is there, all files are that may each be a parameter, those in folders below too: a
    parameter named `layer1/w` is saved as `w` in a folder `layer1`.
    """
    names = OLD_LAYOUTS[graph.name]
    for name in names:
        if (combined := graph.with_name(name)).is_file():
            return (combined,), True
    separate = tuple(
        path
        for path in sorted(files_below(graph.parent))
        if path != graph and path.suffix not in NOT_PARAMETERS and path.name not in NEVER_PARAMETERS
    )
    if not separate or graph.name != OLD_GRAPH:
        raise UsageError(f"{graph} has no parameters beside it", f"Put {names[0]} or its parameter files there.")
    return separate, False


def files_below(folder: Path) -> Iterator[Path]:
    """The files of `folder` and of its folders, hidden ones left out. Raises UsageError where they are too many."""
    count = 0
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith((".", "__MACOSX"))]
        for name in names:
            path = Path(place, name)
            if name.startswith(".") or not path.is_file():
                continue
            count += 1
            if count > MOST_FILES:
                raise UsageError(
                    f"{folder} holds more than {MOST_FILES} files, any of which may be a parameter of its {OLD_GRAPH}",
                    "Put the model into a folder of its own.",
                )
            yield path


def instead(folder: Path) -> str:
    """What a folder holds that explains a mistake, in brackets; nothing where nothing does."""
    endings = {path.suffix for path in folder.iterdir() if not path.name.startswith(".")} & set(OTHERS)
    if not endings:
        return ""
    ending = sorted(endings)[0]
    return f" (it holds a {ending} file: {OTHERS[ending].rstrip('.')})"
