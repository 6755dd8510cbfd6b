"""A request for inference, whichever protocol it came by, and its answer."""

from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
from problems import Problem

DTYPES = {
    "BOOL": "bool",
    "UINT8": "uint8",
    "UINT16": "uint16",
    "UINT32": "uint32",
    "UINT64": "uint64",
    "INT8": "int8",
    "INT16": "int16",
    "INT32": "int32",
    "INT64": "int64",
    "FP16": "float16",
    "FP32": "float32",
    "FP64": "float64",
}
"""The protocol's data types of fixed size, and numpy's."""
DATATYPES = {dtype: datatype for datatype, dtype in DTYPES.items()}
BYTES = "BYTES"
MOST_EXTENTS = 16
MOST_ELEMENTS = 1 << 40


@dataclass(frozen=True)
class Tensor:
    """A tensor by its name: an array of its `datatype`, or, of BYTES, an array of objects."""

    name: str
    datatype: str
    value: np.ndarray


@dataclass(frozen=True)
class InferRequest:
    """Inputs by name; `outputs` that are wanted, in their order, all where it is empty."""

    id: str
    inputs: dict[str, Tensor]
    outputs: tuple[str, ...] = ()
    parameters: dict[str, Any] = field(default_factory=dict)


def tensors_by_name(tensors: list[Tensor]) -> dict[str, Tensor]:
    """Tensors by their names. Raises Problem where two have one name."""
    found: dict[str, Tensor] = {}
    for tensor in tensors:
        if tensor.name in found:
            raise Problem(f"the input {shown(tensor.name)} is given twice")
        found[tensor.name] = tensor
    return found


def count_of(shape: list[int], name: str) -> int:
    """How many elements a shape has. Raises Problem for one that no array has."""
    if len(shape) > MOST_EXTENTS or min(shape, default=0) < 0 or prod(max(1, one) for one in shape) > MOST_ELEMENTS:
        raise Problem(f"the input {shown(name)} has the shape {str(shape)[:60]}, which is none")
    return prod(shape)


def from_binary(name: str, datatype: str, shape: list[int], raw: bytes | memoryview) -> Tensor:
    """A tensor of its bytes, little endian and row by row. Raises Problem where there are too few or too many."""
    count = count_of(shape, name)
    if datatype == BYTES:
        return Tensor(name, datatype, objects(name, shape, count, elements(name, raw, count)))
    dtype = np.dtype(dtype_of(name, datatype))
    if len(raw) != count * dtype.itemsize:
        raise Problem(
            f"the input {shown(name)} of {datatype} {shape[:8]} takes {count * dtype.itemsize} bytes, and "
            f"{len(raw)} are given"
        )
    return Tensor(name, datatype, np.frombuffer(raw, dtype).reshape(shape))


def from_values(name: str, datatype: str, shape: list[int], values: Any) -> Tensor:
    """A tensor of a list, flat or nested. Raises Problem where it does not fit the shape, or is of another type."""
    count = count_of(shape, name)
    if datatype == BYTES:
        flat = list(flattened(values))
        given = [one.encode() if isinstance(one, str) else one for one in flat]
        if any(not isinstance(one, bytes) for one in given):
            raise Problem(f"the input {shown(name)} of BYTES holds something else than texts")
        return Tensor(name, datatype, objects(name, shape, count, given))
    dtype = np.dtype(dtype_of(name, datatype))
    try:
        value = np.asarray(values)
        kinds = "b" if datatype == "BOOL" else "iu" if dtype.kind in "iu" else "iuf"
        if value.size and value.dtype.kind not in kinds:
            raise ValueError("it holds something else")
        with np.errstate(over="ignore"):
            cast = value.astype(dtype)
        if dtype.kind in "iu" and not np.array_equal(cast, value):
            raise ValueError("a value is out of range")
    except (ValueError, TypeError, OverflowError) as error:
        raise Problem(f"the input {shown(name)} is no tensor of {datatype}: {str(error)[:120]}") from None
    if cast.size != count:
        raise Problem(f"the input {shown(name)} of {shape[:8]} has {count} values, and {cast.size} are given")
    return Tensor(name, datatype, cast.reshape(shape))


def dtype_of(name: str, datatype: str) -> str:
    """numpy's name of a data type. Raises Problem for one that is not the protocol's."""
    if datatype not in DTYPES:
        raise Problem(f"the input {shown(name)} is of {shown(datatype)}, which is no data type of the protocol")
    return DTYPES[datatype]


def objects(name: str, shape: list[int], count: int, values: list[bytes]) -> np.ndarray:
    """An array of byte strings. Raises Problem where they do not fit the shape."""
    if len(values) != count:
        raise Problem(f"the input {shown(name)} of {shape[:8]} has {count} elements, and {len(values)} are given")
    made = np.empty(len(values), object)
    made[:] = values
    return made.reshape(shape)


def elements(name: str, raw: bytes | memoryview, count: int) -> list[bytes]:
    """The byte strings of a BYTES tensor, each behind its length in four bytes. Raises Problem where one is cut."""
    found, place = [], 0
    while place < len(raw) and len(found) <= count:
        size = int.from_bytes(raw[place : place + 4], "little")
        if place + 4 + size > len(raw):
            raise Problem(f"the input {shown(name)} is cut: its element {len(found)} has {size} bytes")
        found.append(bytes(raw[place + 4 : place + 4 + size]))
        place += 4 + size
    return found


def to_binary(tensor: Tensor) -> bytes:
    """The bytes of a tensor."""
    if tensor.datatype == BYTES:
        return b"".join(len(one).to_bytes(4, "little") + one for one in tensor.value.ravel())
    return np.ascontiguousarray(tensor.value).tobytes()


def to_values(tensor: Tensor) -> list[Any]:
    """The values of a tensor as a flat list; byte strings as texts."""
    if tensor.datatype == BYTES:
        return [one.decode("utf-8", "replace") for one in tensor.value.ravel()]
    return tensor.value.ravel().tolist()


def flattened(values: Any) -> Any:
    """The leaves of nested lists, in order."""
    if isinstance(values, list):
        for one in values:
            yield from flattened(one)
    else:
        yield values


def shown(text: str) -> str:
    """A stranger's text in a sentence: short, on one line."""
    return repr(text[:60])
