"""A device's report as it was sent: a zip of five files, from a stranger (runtime/report/device_report.cpp)."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta, Struct, field

from edgekit.artifact.load import LARGEST_BYTES as LARGEST_MANIFEST
from edgekit.artifact.load import read_manifest
from edgekit.artifact.manifest import FILE as MANIFEST
from edgekit.artifact.manifest import Manifest
from edgekit.errors import UsageError
from edgekit.untrusted.files import read_bytes
from edgekit.untrusted.json_document import read_json
from edgekit.untrusted.safetensors_header import read_header
from edgekit.untrusted.zip_of_known_files import unpack_zip

if TYPE_CHECKING:
    import numpy as np

SCHEMA = 1
REPORT, TENSORS, OUTPUTS = "report.json", "tensors.safetensors", "outputs.safetensors"
FRAME = "frame.png"
_MIB = 1 << 20
KNOWN = {
    REPORT: _MIB,
    MANIFEST: LARGEST_MANIFEST,
    FRAME: 384 * _MIB,  # 89 megapixels, uncompressed, with an alpha channel
    TENSORS: 64 * _MIB,
    OUTPUTS: 64 * _MIB,
}
"""The files of a report, and what each may take."""
WHAT = "device's report"
AGAIN = "Let the device write it again."


class Stage(Struct, frozen=True):
    """One stage of a self-test."""

    stage: str
    status: str
    figure: float | None = None
    limit: float | None = None
    detail: str = ""


class SelfTest(Struct, frozen=True):
    """A self-test as the device made it; `error` where it could not be made."""

    passed: bool = False
    stages: tuple[Stage, ...] = ()
    error: str = ""


class Ranked(Struct, frozen=True):
    """A class that the device named."""

    index: int
    probability: float | None = None
    label: str | None = None


class Report(Struct, frozen=True, kw_only=True):
    """`report.json`. `machine` is what the app says of the device. What can be computed here is not believed."""

    schema_version: int
    edgekit: str
    backend: str
    backend_version: str = ""
    compiler: str = ""
    architecture: str = ""
    threads: Annotated[int, Meta(ge=1, le=1024)]
    precision: str
    cpu_features: tuple[str, ...] = ()
    machine: dict[str, str | int | float | bool | None] = field(default_factory=dict)
    model: str
    target: str
    manifest_sha256: str
    frame: str = FRAME
    latency: dict[str, float | None] = field(default_factory=dict)
    top: tuple[Ranked, ...] = ()
    top_error: str = ""
    self_test: SelfTest | None = None


@dataclass(frozen=True)
class Received:
    """A report that was unpacked into `folder`: each file read, within its bounds, and nothing judged yet."""

    path: Path
    folder: Path
    report: Report
    manifest: Manifest
    manifest_sha256: str

    @property
    def frame(self) -> Path:
        """The picture's file."""
        return self.folder / FRAME

    def tensors(self, file: str) -> "dict[str, np.ndarray]":
        """The tensors of one of its files: float32 or uint8 by name. Raises UsageError for others."""
        from safetensors.numpy import load_file

        header = read_header(self.folder / file, what="tensor file")
        if odd := [name for name, (kind, _) in header.tensors.items() if kind not in ("F32", "U8")]:
            raise UsageError(f"{file} of {self.path} holds {odd[0]}, which is neither float32 nor uint8", AGAIN)
        return load_file(self.folder / file)


def receive(path: Path, folder: Path) -> Received:
    """Unpack the zip at `path` into `folder`, which is empty, and read it.

    Raises UsageError where it is no report, is not whole, or was made by a newer edgekit.
    """
    found = unpack_zip(path, KNOWN, folder, WHAT)
    if missing := sorted(KNOWN.keys() - found):
        raise UsageError(f"{path} is no whole {WHAT}: it lacks {', '.join(missing)}", AGAIN)
    try:
        report = read_json(folder / REPORT, Report, KNOWN[REPORT], WHAT)
        if report.schema_version > SCHEMA:
            raise UsageError(f"{path} was written by edgekit {report.edgekit}, which is newer", "Update edgekit.")
        raw = read_bytes(folder / MANIFEST, LARGEST_MANIFEST, "manifest")
        manifest = read_manifest(folder)
    except UsageError as error:
        # The unpacked file's path says nothing to a user.
        said = error.message.replace(str(folder), str(path))
        # What is wrong with it is mended on the device, whatever is read.
        raise UsageError(said, error.remedy if "newer" in said else AGAIN) from None
    return Received(path, folder, report, manifest, hashlib.sha256(raw).hexdigest())


def machine_words(report: Report) -> str:
    """The device in a few words: maker and model where the app says them, else what its processor is."""
    told: dict[str, Any] = {name.lower(): str(value) for name, value in report.machine.items() if value}
    maker, model = told.get("manufacturer", ""), told.get("model", "")
    named = model if model.lower().startswith(maker.lower()) else f"{maker} {model}"
    return f"{named.strip() or 'a device'} ({told.get('abi') or report.architecture or 'unknown processor'})"
