"""Finds the files of a Paddle inference model in a folder. What is in them, the workers look at."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edgekit.errors import UsageError
from edgekit.hashing import data_sha256
from edgekit.remembered import remembered_sha256

Format = Literal["paddle2", "paddle3"]

OLD_GRAPH = "__model__"
OLD_PARAMETERS = "__params__"
EXPECTED = (
    "A Paddle inference model is a folder with a .pdmodel and a .pdiparams file of one name (Paddle 2), with __model__ "
    "and its parameter files (older exports), or with inference.json and inference.pdiparams (Paddle 3)."
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


@dataclass(frozen=True)
class ProgramFiles:
    """An inference model's files: the `graph`, and its `parameters`, one file or several, with their SHA-256.

    That of several files is the hash of their names and hashes.
    """

    format: Format
    graph: Path
    graph_sha256: str
    parameters: tuple[Path, ...]
    parameters_sha256: str

    @property
    def combined(self) -> bool:
        """Whether all parameters are in one file."""
        return self.graph.name != OLD_GRAPH or self.parameters[0].name == OLD_PARAMETERS

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
    graphs = sorted(path.glob("*.pdmodel")) or sorted(
        found for found in path.glob("*.json") if found.with_suffix(".pdiparams").exists()
    )
    if not graphs and (path / OLD_GRAPH).is_file():
        graphs = [path / OLD_GRAPH]
    if not graphs:
        raise UsageError(f"{path} holds no Paddle inference model{instead(path)}", EXPECTED)
    if len(graphs) > 1:
        names = ", ".join(graph.name for graph in graphs)
        raise UsageError(f"{path} holds {len(graphs)} models ({names})", f"Name one, such as {graphs[0]}.")
    return program_of(graphs[0], cache)


def program_of(graph: Path, cache: Path) -> ProgramFiles:
    """The model whose graph is the file `graph`. Raises UsageError where it is another file, or has no parameters."""
    parameters = old_parameters(graph) if graph.name == OLD_GRAPH else parameters_beside(graph)
    try:
        hashes = {path.name: remembered_sha256(path, cache) for path in parameters}
        graph_sha256 = remembered_sha256(graph, cache)
    except OSError as error:
        raise UsageError(f"{error.filename} cannot be read ({error.strerror})", "Check its permissions.") from None
    return ProgramFiles(
        format="paddle3" if graph.suffix == ".json" else "paddle2",
        graph=graph,
        graph_sha256=graph_sha256,
        parameters=parameters,
        parameters_sha256=next(iter(hashes.values())) if len(hashes) == 1 else data_sha256(hashes),
    )


def parameters_beside(graph: Path) -> tuple[Path, ...]:
    """The one file that holds all parameters. Raises UsageError where there is none, or `graph` is another thing."""
    if graph.suffix not in (".pdmodel", ".json"):
        raise UsageError(f"{graph} is not a Paddle inference model", OTHERS.get(graph.suffix, EXPECTED))
    parameters = graph.with_suffix(".pdiparams")
    if not parameters.is_file():
        raise UsageError(
            f"{graph} has no {parameters.name} beside it", "Put the parameters there: both files are one model."
        )
    return (parameters,)


def old_parameters(graph: Path) -> tuple[Path, ...]:
    """`__params__` beside a `__model__`, or all the files that may each be a parameter."""
    if (combined := graph.with_name(OLD_PARAMETERS)).is_file():
        return (combined,)
    separate = tuple(
        path
        for path in sorted(graph.parent.iterdir())
        if path.is_file() and path != graph and path.suffix not in NOT_PARAMETERS and not path.name.startswith(".")
    )
    if not separate:
        raise UsageError(f"{graph} has no parameters beside it", f"Put {OLD_PARAMETERS} or its parameter files there.")
    return separate


def instead(folder: Path) -> str:
    """What a folder holds that explains a mistake, in brackets; nothing where nothing does."""
    endings = {path.suffix for path in folder.iterdir()} & set(OTHERS)
    if not endings:
        return ""
    ending = sorted(endings)[0]
    return f" (it holds a {ending} file: {OTHERS[ending].rstrip('.')})"
