"""The body of a REST request and of its answer: JSON, with or without tensors behind it in binary.

The protocol's REST API and its extension for binary tensors (Open Inference Protocol; Triton's
`extension_binary_data.md`): the header `Inference-Header-Content-Length` says how long the JSON in front is, and
`binary_data_size` of an input how many of the bytes behind it are its own.
"""

import base64
import binascii
import re
from typing import Annotated, Any

import msgspec
from inference import (
    BYTES,
    DTYPES,
    InferRequest,
    Tensor,
    flattened,
    from_binary,
    from_values,
    shown,
    tensors_by_name,
    to_binary,
    to_values,
)
from problems import Problem

HEADER_LENGTH = b"inference-header-content-length"
_Parameter = str | bool | int | float
_MOST_TENSORS = 64
_DIGITS = re.compile(b"[0-9]{1,18}")


class RestInput(msgspec.Struct):
    """An input; without `data` it lies behind the JSON."""

    name: str
    shape: list[int]
    datatype: str
    parameters: dict[str, _Parameter] = {}
    data: msgspec.Raw = msgspec.Raw()


class RestOutput(msgspec.Struct):
    """An output that is wanted."""

    name: str
    parameters: dict[str, _Parameter] = {}


class RestRequest(msgspec.Struct):
    """A request."""

    inputs: Annotated[list[RestInput], msgspec.Meta(min_length=1, max_length=_MOST_TENSORS)]
    id: str = ""
    parameters: dict[str, _Parameter] = {}
    outputs: Annotated[list[RestOutput], msgspec.Meta(max_length=_MOST_TENSORS)] = []


_DECODER = msgspec.json.Decoder(RestRequest)
_NUMBERS = msgspec.json.Decoder(list[float])
_ANYTHING = msgspec.json.Decoder()
_ENCODER = msgspec.json.Encoder()


def read(body: bytes | memoryview, header_length: bytes | None) -> tuple[InferRequest, RestRequest]:
    """The request in a body, and as it was written. Raises Problem."""
    length = json_length(body, header_length)
    try:
        written = _DECODER.decode(memoryview(body)[:length])
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Problem(f"the request is not one of the protocol's: {str(error)[:200]}") from None
    place, tensors = length, []
    for one in written.inputs:
        size = one.parameters.get("binary_data_size")
        if size is None:
            tensors.append(from_json(one))
            continue
        if isinstance(size, bool) or not isinstance(size, int) or size < 0 or place + size > len(body):
            raise Problem(f"the input {shown(one.name)} is cut: {len(body) - place} bytes are left of {size!r}")
        tensors.append(from_binary(one.name, one.datatype, one.shape, memoryview(body)[place : place + size]))
        place += size
    if place != len(body):
        raise Problem(f"{len(body) - place} bytes behind the request belong to no input")
    outputs = tuple(one.name for one in written.outputs)
    return InferRequest(written.id, tensors_by_name(tensors), outputs, written.parameters), written


def json_length(body: bytes | memoryview, header_length: bytes | None) -> int:
    """How long the JSON in front is. Raises Problem."""
    if header_length is None:
        return len(body)
    length = whole_number(header_length)
    if length is None or length > len(body):
        said = shown(header_length.decode("latin-1"))
        raise Problem(f"the header Inference-Header-Content-Length is {said} of {len(body)} bytes")
    return length


def whole_number(text: bytes) -> int | None:
    """The number in a header; None where it is none, or one that no size can be."""
    return int(text) if _DIGITS.fullmatch(text) else None


def from_json(one: RestInput) -> Tensor:
    """A tensor of a request's own JSON. Raises Problem."""
    if not bytes(one.data):
        raise Problem(f"the input {shown(one.name)} has no data")
    if one.datatype in ("FP32", "FP64"):
        try:
            return from_values(one.name, one.datatype, one.shape, _NUMBERS.decode(one.data))
        except msgspec.DecodeError:
            pass  # nested, or no numbers: what it is, is said below
    try:
        values = _ANYTHING.decode(one.data)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Problem(f"the input {shown(one.name)} cannot be read: {str(error)[:120]}") from None
    if one.datatype == BYTES and one.parameters.get("content_type") == "base64":
        values = from_base64(one.name, values)
    if not isinstance(values, list):
        raise Problem(f"the data of the input {shown(one.name)} is no list")
    try:
        flat = list(flattened(values))
    except RecursionError:
        raise Problem(f"the data of the input {shown(one.name)} lies too deep") from None
    if one.datatype in DTYPES and any(not isinstance(value, bool | int | float) for value in flat):
        raise Problem(f"the input {shown(one.name)} of {one.datatype} holds something else than numbers")
    return from_values(one.name, one.datatype, one.shape, flat)


def from_base64(name: str, values: Any) -> list[bytes]:
    """The byte strings behind texts in base64: JSON has no other way for a photo. Raises Problem."""
    if not isinstance(values, list) or any(not isinstance(one, str) for one in values):
        raise Problem(f"the input {shown(name)} is no list of texts in base64")
    try:
        return [base64.b64decode(one, validate=True) for one in values]
    except (binascii.Error, ValueError) as error:
        raise Problem(f"the input {shown(name)} is no base64: {str(error)[:120]}") from None


def write(written: RestRequest, model: str, version: str, outputs: list[Tensor]) -> tuple[bytes, int | None]:
    """The body of an answer, and how long the JSON in front is where binary tensors lie behind it."""
    everything = written.parameters.get("binary_data_output") is True
    asked = {one.name: one.parameters.get("binary_data", everything) is True for one in written.outputs}
    behind: list[bytes] = []
    documents: list[dict[str, Any]] = []
    for tensor in outputs:
        document: dict[str, Any] = {
            "name": tensor.name,
            "datatype": tensor.datatype,
            "shape": list(tensor.value.shape),
        }
        if asked.get(tensor.name, everything):
            behind.append(to_binary(tensor))
            document["parameters"] = {"binary_data_size": len(behind[-1])}
        else:
            document["data"] = to_values(tensor)
        documents.append(document)
    answer: dict[str, Any] = {"model_name": model, "model_version": version, "outputs": documents}
    if written.id:
        answer["id"] = written.id
    content = _ENCODER.encode(answer)
    return (b"".join((content, *behind)), len(content)) if behind else (content, None)
