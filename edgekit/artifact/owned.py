"""Which files of an artifact's folder are edgekit's own: those that its manifest names."""

import re
from pathlib import Path

from msgspec import Raw, Struct

from edgekit.artifact.manifest import FILE, SIGNATURE
from edgekit.filesystem.owned import Kind, check_file, is_regular

GOLDEN = "golden.safetensors"
RANGES = "ranges.json"
_LARGEST_BYTES = 64 << 20
# What earlier versions left behind when they were killed.
_FORMER = (f".{FILE}.partial", f".{GOLDEN}.partial")


class Written(Struct, frozen=True):
    """What every manifest says of the files, of whatever edgekit."""

    schema: int
    edgekit: str
    files: dict[str, Raw]
    golden: dict[str, Raw] = {}
    ranges: dict[str, Raw] = {}


def written_names(folder: Path) -> set[str] | None:
    """The names in an artifact's folder that edgekit wrote; None where there is no manifest that says so."""
    import msgspec

    path = folder / FILE
    if not is_regular(path):
        return None
    try:
        with path.open("rb") as stream:
            written = msgspec.json.decode(stream.read(_LARGEST_BYTES), type=Written)
    except (OSError, ValueError, RecursionError):
        return None
    # A run that is killed between two writes leaves golden inputs and ranges that no manifest names yet.
    own = {GOLDEN: is_golden, RANGES: is_ranges}
    unnamed = [name for name, ours in own.items() if is_regular(folder / name) and ours(start_of(folder / name))]
    return {FILE, SIGNATURE, *_FORMER, *unnamed, *written.files, *written.golden, *written.ranges}


def start_of(path: Path) -> bytes:
    """The first bytes of a file."""
    with path.open("rb") as stream:
        return stream.read(4096)


def is_golden(start: bytes) -> bool:
    """Whether a file begins as the golden inputs do: with edgekit's own words in a safetensors header."""
    return start[8:].startswith(b'{"__metadata__":{"edgekit":')


def is_ranges(start: bytes) -> bool:
    """Whether a file begins as the ranges of the layers do (`edgekit.artifact.ranges`)."""
    return re.match(rb'\{"schema":\d+,"edgekit":"', start) is not None


def check_ranges(folder: Path) -> None:
    """Raise UsageError where a file of somebody else lies where the ranges of an artifact's layers belong."""
    check_file(folder / RANGES, "ranges of the layers", is_ranges)


def check_golden(folder: Path) -> None:
    """Raise UsageError where a file of somebody else lies where an artifact's golden inputs belong."""
    check_file(folder / GOLDEN, "golden inputs", is_golden)


ARTIFACT = Kind("artifact", FILE, written_names)
