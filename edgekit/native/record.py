"""What a package says of itself: `package.json`, beside its files."""

from pathlib import Path
from typing import Any

from msgspec import Struct

from edgekit.filesystem.owned import Kind, is_regular
from edgekit.untrusted.values import Unusable

FILE = "package.json"
SCHEMA = 1
_LARGEST_BYTES = 16 << 20


class PackagedFile(Struct, frozen=True):
    """A file of a package: its SHA-256 and its size."""

    sha256: str
    bytes: int


class PackageRecord(Struct, frozen=True, kw_only=True):
    """What is in a package, how it was made and how it was proved.

    `layers` are those of ncnn that the program holds. `code_bytes` is the program without a model in it, and
    `full_code_bytes` the same with every layer of ncnn, None where that was not measured. `proved_on` says where the
    self-test ran, and `self_test` is its own document.
    """

    schema: int = SCHEMA
    edgekit: str
    model: str
    target: str
    precision: str
    architecture: str
    single_file: bool
    library: str
    compiler: str
    layers: tuple[str, ...]
    code_bytes: int
    full_code_bytes: int | None
    proved_on: str
    self_test: dict[str, Any]
    files: dict[str, PackagedFile]


class Written(Struct, frozen=True):
    """What every record says of the files, of whatever edgekit."""

    schema: int
    architecture: str
    files: dict[str, PackagedFile]


def written_names(folder: Path) -> set[str] | None:
    """The names in a package's folder that edgekit wrote; None where there is no record that says so."""
    from edgekit.untrusted.files import read_bytes
    from edgekit.untrusted.json_document import decode_json

    path = folder / FILE
    if not is_regular(path):
        return None
    try:
        written = decode_json(read_bytes(path, _LARGEST_BYTES), Written)
    except (OSError, Unusable):
        return None
    return {FILE, *written.files}


PACKAGE = Kind("package", FILE, written_names)
