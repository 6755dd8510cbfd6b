"""Calibration photos as the model takes them: one file in the cache, which every target's quantisation reads."""

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import msgspec

from edgekit.artifact.manifest import CalibrationRecord
from edgekit.cache.kept import Notify, kept
from edgekit.cache.record import placed
from edgekit.calibration.photos import FEWEST, CalibrationPhotos, too_few
from edgekit.errors import UsageError
from edgekit.filesystem.hashing import data_sha256, file_sha256
from edgekit.inputs.prepare import preprocess
from edgekit.inputs.preprocessing import Preprocessing
from edgekit.pipeline.stage import SourceFile

FOLDER = "inputs"
HEADER_BYTES = 4096
NAMED = 3


class Prepared(msgspec.Struct, frozen=True):
    """What is known of a prepared file: the hash of its values, and the photos that are in it and that are not."""

    samples_sha256: str
    photos: dict[str, str]
    unreadable: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()


@dataclass(frozen=True)
class CalibrationFile:
    """Prepared photos on disk, float32 [N, C, H, W] under the input's name, and what a manifest says of them.

    `notes` are sentences that the user must read. `sizes` are those of the photos' files, in bytes: a file of another
    size is none of them.
    """

    source: SourceFile
    record: CalibrationRecord
    notes: tuple[str, ...] = ()
    sizes: frozenset[int] = frozenset()


def calibration_file(
    photos: CalibrationPhotos,
    preprocessing: Preprocessing,
    input_name: str,
    cache_folder: Path,
    notify: Notify = lambda _: None,
) -> CalibrationFile:
    """The photos prepared as golden inputs are, by the very same code, one after the other; kept in the cache.

    Photos that cannot be read are left out and named; one that is the same picture as another counts once. Raises
    UsageError where fewer are left than calibration needs.
    """
    chosen = {one.name: one.sha256 for one in photos.photos}
    key = data_sha256(
        {
            "photos": chosen,
            "preprocessing": msgspec.to_builtins(preprocessing),
            "input": input_name,
            "code": preparing_code(),
        }
    )
    path = cache_folder / FOLDER / f"calibration-{key}.safetensors"

    def write(place: Path) -> str:
        return msgspec.json.encode(write_prepared(place, photos, preprocessing, input_name)).decode()

    known = kept(path, cache_folder, write, notify)
    prepared = msgspec.json.decode(known.note, type=Prepared)
    record = CalibrationRecord(
        photos.source, prepared.samples_sha256, prepared.photos, len(prepared.unreadable), len(prepared.repeated)
    )
    return CalibrationFile(
        SourceFile(path, prepared.samples_sha256, known.sha256),
        record,
        tuple(notes_on(photos, prepared)),
        frozenset(one.size for one in photos.photos if one.size is not None),
    )


def write_prepared(place: Path, photos: CalibrationPhotos, preprocessing: Preprocessing, input_name: str) -> Prepared:
    """Write the file, photo by photo, so that no more than one is in memory; whole or not at all."""
    with placed(place) as beside, beside.open("wb") as file:
        file.seek(HEADER_BYTES)
        prepared = append_samples(photos, preprocessing, input_name, file.write)
        shape = [len(prepared.photos), preprocessing.channels, *preprocessing.input_size]
        file.seek(0)
        file.write(header(input_name, shape))
    return prepared


def append_samples(
    photos: CalibrationPhotos, preprocessing: Preprocessing, input_name: str, write: Callable[[bytes], object]
) -> Prepared:
    """Give every prepared photo to `write`, little-endian float32 [C, H, W]; returns what became of them."""
    digest = hashlib.sha256(f"{input_name} {preprocessing.channels} {list(preprocessing.input_size)}\n".encode())
    used: dict[str, str] = {}
    seen: set[bytes] = set()
    unreadable, repeated = [], []
    for photo in photos.photos:
        try:
            sample = preprocess(photo.read(preprocessing.has_alpha), preprocessing)
        except UsageError:
            unreadable.append(photo.name)
            continue
        values = sample.astype("<f4", order="C", copy=False).tobytes()
        if (own := hashlib.sha256(values).digest()) in seen:
            repeated.append(photo.name)
            continue
        seen.add(own)
        digest.update(values)
        used[photo.name] = photo.sha256
        write(values)
    if len(used) < FEWEST:
        raise too_few_left(photos, len(used), unreadable, repeated)
    return Prepared(digest.hexdigest(), used, tuple(unreadable), tuple(repeated))


def header(input_name: str, shape: list[int]) -> bytes:
    """The first `HEADER_BYTES` of a safetensors file of one float32 tensor: a length, then JSON filled with blanks."""
    size = 4
    for extent in shape:
        size *= extent
    described = json.dumps({input_name: {"dtype": "F32", "shape": shape, "data_offsets": [0, size]}}).encode()
    room = HEADER_BYTES - 8
    if len(described) > room:
        raise UsageError(f"the model's input has a name of {len(input_name)} letters", "Give it a shorter one.")
    return room.to_bytes(8, "little") + described.ljust(room)


def too_few_left(photos: CalibrationPhotos, count: int, unreadable: list[str], repeated: list[str]) -> UsageError:
    """The error where too few photos can be used, with the reason why the others cannot."""
    if repeated and len(repeated) >= len(unreadable):
        return too_few(
            photos.source, count, f"different pictures ({len(repeated)} repeat others, as {repeated[0]} does)"
        )
    if unreadable:
        return too_few(photos.source, count, f"photos that can be read ({listed(unreadable)} cannot)")
    return too_few(photos.source, count)


def notes_on(photos: CalibrationPhotos, prepared: Prepared) -> Iterator[str]:
    """What the user must know of the photos."""
    chosen = len(photos.photos)
    if photos.found > chosen:
        yield f"{chosen} of the {photos.found} photos in {photos.source} are taken, at even distances by name"
    if prepared.unreadable:
        yield (
            f"{len(prepared.unreadable)} of {chosen} calibration photos cannot be read and are left out: "
            f"{listed(prepared.unreadable)}"
        )
    if prepared.repeated:
        yield (
            f"{len(prepared.repeated)} of {chosen} calibration photos repeat others and count once: "
            f"{listed(prepared.repeated)}"
        )


def listed(names: "tuple[str, ...] | list[str]") -> str:
    """The first few of some names."""
    rest = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {rest} more" if rest > 0 else "")


@cache
def preparing_code() -> str:
    """The hash of the code that prepares photos, and of that which makes pictures."""
    folders = (Path(__file__).parent, Path(__file__).parent.parent / "inputs")
    sources = sorted(path for folder in folders for path in folder.glob("*.py"))
    return data_sha256({f"{path.parent.name}{os.sep}{path.name}": file_sha256(path) for path in sources})
