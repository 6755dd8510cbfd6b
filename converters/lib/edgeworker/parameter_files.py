"""Paddle's parameter files: the tensors of `.pdiparams` and of single parameter files, found without Paddle.

Layout of one tensor, little-endian (SerializeToStream in paddle/fluid/framework/lod_tensor.cc and
paddle/phi/core/framework/dense_tensor_tostream.cc): uint32 version 0; uint64 count of LoD levels, each a uint64 of
bytes and the bytes; uint32 version 0; int32 length of a TensorDesc and the message (data type, dims); the values.
A combined file holds one after another, in the order of the sorted names.
"""

import mmap
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
from google.protobuf.message import DecodeError

from edgeworker.paddle_program import TensorDesc
from edgeworker.refusal import Refusal

# framework.proto, VarType.Type -> numpy; what parameters of a classifier can be.
DTYPES = {0: "bool", 1: "<i2", 2: "<i4", 3: "<i8", 4: "<f2", 5: "<f4", 6: "<f8", 20: "u1", 21: "i1"}
# numpy has no bfloat16: its bits, which nothing else here has the type of.
BFLOAT16, BFLOAT16_BITS = 22, np.dtype("<u2")
MOST_LEVELS = 8
LONGEST_DESCRIPTION = 1 << 16


@dataclass(frozen=True)
class StoredTensor:
    """One tensor in a file; `start` and `end` bound all that belongs to it, header included, in bytes."""

    shape: tuple[int, ...]
    dtype: np.dtype
    start: int
    end: int
    values: np.ndarray


class _Cut(Exception):
    """The file ends, or makes no sense, here."""


def read_tensors(path: Path, names: Sequence[str]) -> dict[str, StoredTensor]:
    """The tensors of a combined file, which are those called `names`, in that order.

    The values are views of the mapped file. Raises Refusal (input) where the file is damaged, or holds more or fewer.
    """
    found = {}
    remedy = "Copy both files of the model again, from one export"
    with path.open("rb") as file:
        size = path.stat().st_size
        if size == 0:
            raise Refusal(f"{path} is empty", remedy, kind="input")
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    place = 0
    for number, name in enumerate(names):
        if place == size:
            raise Refusal(
                f"{path.name} holds {number} tensors, and the program has {len(names)} parameters; "
                f"the first without values is {name}",
                remedy,
                kind="input",
            )
        try:
            found[name] = tensor = _tensor(content, place)
        except _Cut as error:
            raise Refusal(
                f"{path.name} is damaged or cut short at byte {place}, in parameter {name}: {error}",
                remedy,
                kind="input",
            ) from None
        place = tensor.end
    if place != size:
        raise Refusal(
            f"{path.name} goes on for {size - place} bytes after the program's {len(names)} parameters",
            remedy,
            kind="input",
        )
    return found


def read_all_tensors(path: Path) -> list[StoredTensor]:
    """Every tensor of a combined file, one after another. Raises Refusal (input) where the last one is cut short."""
    found: list[StoredTensor] = []
    if path.stat().st_size == 0:
        return found
    with path.open("rb") as file:
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    place = 0
    while place < len(content):
        try:
            tensor = _tensor(content, place)
        except _Cut as error:
            raise Refusal(
                f"{path.name} is damaged or cut short at byte {place}, in its tensor {len(found)}: {error}",
                "Copy it again",
                kind="input",
            ) from None
        found.append(tensor)
        place = tensor.end
    return found


def _tensor(content: mmap.mmap, start: int) -> StoredTensor:
    place = start

    def take(form: str) -> int:
        nonlocal place
        end = place + struct.calcsize(form)
        if end > len(content):
            raise _Cut("the file ends in a header")
        (value,) = struct.unpack(form, content[place:end])
        place = end
        return value

    if (version := take("<I")) != 0:
        raise _Cut(f"its version is {version}, not 0")
    if (levels := take("<Q")) > MOST_LEVELS:
        raise _Cut(f"it has {levels} levels of detail")
    for _ in range(levels):
        place += take("<Q")
    if (version := take("<I")) != 0:
        raise _Cut(f"its tensor's version is {version}, not 0")
    length = take("<i")
    if not 0 <= length <= LONGEST_DESCRIPTION or place + length > len(content):
        raise _Cut(f"its description would take {length} bytes")
    try:
        described = TensorDesc.FromString(content[place : place + length])
    except DecodeError:
        raise _Cut("its description is not Paddle's") from None
    place += length
    shape = tuple(described.dims)
    if described.data_type not in {*DTYPES, BFLOAT16} or any(extent < 0 for extent in shape):
        raise _Cut("its description is not Paddle's")
    dtype = BFLOAT16_BITS if described.data_type == BFLOAT16 else np.dtype(DTYPES[described.data_type])
    count = prod(shape)
    end = place + count * dtype.itemsize
    if end > len(content):
        raise _Cut(f"its {count} values go beyond the end of the file")
    values = np.frombuffer(content, dtype, count, place).reshape(shape)
    return StoredTensor(shape, dtype, start, end, values)


def check_precision(name: str, tensor: StoredTensor) -> None:
    """Raise Refusal (input) for a parameter of a program that is stored in fewer than 32 bits, naming the type."""
    if tensor.dtype in (np.int8, np.uint8):
        raise Refusal(
            f"the parameter {name} is {tensor.dtype.name}: the model is quantised already",
            "Give the FP32 model it was made from",
            kind="input",
        )
    if tensor.dtype in (np.float16, BFLOAT16_BITS):
        kind = "FP16" if tensor.dtype == np.float16 else "bfloat16"
        raise Refusal(f"the parameter {name} is {kind}", "Export the model in FP32", kind="input")


def write_tensors(path: Path, tensors: Mapping[str, np.ndarray]) -> None:
    """Write `tensors` as a combined file, in the order of their sorted names."""
    codes = {np.dtype(code): number for number, code in DTYPES.items()}
    with path.open("wb") as file:
        for _, values in sorted(tensors.items()):
            described = TensorDesc(data_type=codes[values.dtype], dims=values.shape).SerializeToString()
            file.write(struct.pack("<IQIi", 0, 0, 0, len(described)))
            file.write(described)
            file.write(np.ascontiguousarray(values).tobytes())


def combine(folder: Path, names: Sequence[str], target: Path) -> None:
    """Write the single files `names` of `folder` as one combined file. Raises Refusal (input) where one is absent."""
    missing = [name for name in names if not _inside(folder, name).is_file()]
    if missing:
        raise Refusal(
            f"{folder} lacks {len(missing)} of the program's {len(names)} parameter files; the first is {missing[0]}",
            "Copy the whole folder of the export",
            kind="input",
        )
    with target.open("wb") as file:
        for name in names:
            for chunk in _chunks(_inside(folder, name)):
                file.write(chunk)


def _inside(folder: Path, name: str) -> Path:
    """The file `name` of `folder`; Paddle saves a parameter named `layer/w` as `w` in a folder `layer`.

    A program from elsewhere may name anything, and a folder below may be a link to elsewhere.
    """
    path = folder / name
    plain = name and "\0" not in name and not name.startswith("/") and ".." not in Path(name).parts
    if not plain or not path.parent.resolve().is_relative_to(folder.resolve()):
        raise Refusal(f"the program names a parameter {name!r}, which is no file of its folder", kind="input")
    return path


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            yield chunk
