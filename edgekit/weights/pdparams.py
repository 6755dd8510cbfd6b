"""Reads PaddlePaddle's `.pdparams` files (pickles of numpy arrays) without running anything in them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgekit.errors import UsageError
from edgekit.untrusted.files import open_regular
from edgekit.untrusted.wording import harmless
from edgekit.weights.array_pickle import Arrays, Tensor
from edgekit.weights.budget import Bounded, Budget
from edgekit.weights.pickle_machine import Damaged, Refused, run

if TYPE_CHECKING:
    import numpy as np

# Tables that paddle.save adds beside the tensors.
_NAME_TABLE = "StructuredToParameterName@@"  # structured name -> the name Paddle gave the parameter
_SPLIT_TABLE = "UnpackBigParamInfor@@"  # protocols 2 and 3: tensors of more than 1 GiB, cut into flat slices

_REMEDY = "Give the .pdparams file that paddle.save wrote, or the same tensors as .safetensors"
_DAMAGED = "It is damaged or cut off: copy or download it again"


def read_pdparams(path: Path) -> dict[str, np.ndarray[Any, Any]]:
    """Return the tensors of a `.pdparams` file by structured name, in the file's order.

    They are in native byte order; some are read-only, since they share the bytes that were read. Nothing in
    the file is executed. Raises UsageError, in one sentence that names the file, for a file that is not a
    whole `.pdparams`, asks to run something, or holds anything but plain numeric tensors.
    """
    _refuse_other_formats(path)
    try:
        with open_regular(path, "weights file") as file:
            bounded = Bounded(file)
            arrays = Arrays(Budget(bounded.size))
            content = run(bounded, arrays.call, arrays.set_state)
        tensors = _tensors(content)
        # One tensor under a thousand names is written a thousand times.
        Budget(bounded.size).take(sum(tensor.nbytes for tensor in tensors.values()))
        return tensors
    except Damaged as error:
        raise UsageError(f"{path} is not readable as .pdparams ({harmless(str(error))})", _DAMAGED) from error
    except Refused as error:
        raise UsageError(f"{path} refused: the file {harmless(str(error))}", _REMEDY) from error
    except MemoryError as error:
        raise UsageError(f"{path} does not fit in this machine's memory", "Use a machine with more") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror or error})", "Check the disk") from error


def _tensors(content: Any) -> dict[str, np.ndarray[Any, Any]]:
    if type(content) is not dict:
        raise Refused(f"holds one {_kind(content)}, not a table of tensors")
    content = {_text(key): value for key, value in content.items()}
    content.pop(_NAME_TABLE, None)
    splits = content.pop(_SPLIT_TABLE, {})
    tensors = {key: _array(key, value) for key, value in content.items()}
    if type(splits) is not dict:
        raise Damaged(f"its table {_SPLIT_TABLE} makes no sense")
    for key, split in splits.items():
        tensors[_text(key)] = _joined(_text(key), split, tensors)
    if not tensors:
        raise Refused("holds no tensor at all")
    return tensors


def _array(key: str, value: Any) -> np.ndarray[Any, Any]:
    # paddle.save writes a lone tensor as (name, array).
    if type(value) is tuple and len(value) == 2 and type(value[0]) is str:
        value = value[1]
    if type(value) is Tensor and value.array is not None:
        return value.array
    raise Refused(f'holds {_article(_kind(value))} under "{key[:60]}", where a tensor belongs')


def _joined(key: str, split: Any, tensors: dict[str, np.ndarray[Any, Any]]) -> np.ndarray[Any, Any]:
    """Put a tensor that paddle.save cut into slices together again; the slices leave `tensors`."""
    import numpy as np

    try:
        slices = [tensors.pop(_text(name)) for name in split["slices"]]
        shape = tuple(split["OriginShape"])
        if not all(type(size) is int and size >= 0 for size in shape):
            raise ValueError("not a shape")
        return np.concatenate(slices).reshape(shape)
    except (KeyError, TypeError, ValueError) as error:
        raise Damaged(f'the slices of "{key[:60]}" do not make one tensor') from error


def _text(key: Any) -> str:
    if type(key) is bytes:
        return key.decode("latin-1")
    if type(key) is not str:
        raise Refused("names a tensor with something that is no text")
    return key


def _kind(value: Any) -> str:
    names = {
        dict: "table",
        list: "list",
        tuple: "tuple",
        str: "text",
        bytes: "text",
        float: "number",
        int: "number",
    }
    return "tensor" if type(value) is Tensor else names.get(type(value), "value")


def _article(noun: str) -> str:
    return noun if noun == "text" else f"a {noun}"


def _refuse_other_formats(path: Path) -> None:
    if path.is_dir():
        raise UsageError(f"{path} is a folder, not a weights file", "Name the .pdparams file in it")
    if not path.is_file():
        raise UsageError(f"{path} does not exist", "Check the path of the weights file")
    try:
        size = path.stat().st_size
        with open_regular(path, "weights file") as file:
            head = file.read(512)
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror or error})", "Check its permissions") from error
    found = _other_format(head, size)
    if found:
        raise UsageError(f"{path} {found[0]}", found[1])


def _other_format(head: bytes, size: int) -> tuple[str, str] | None:
    """Return what the file is instead of a pickle, and the way out; None when it may be one."""
    if not size:
        return "is empty", _DAMAGED
    if head.startswith(b"PK\x03\x04"):
        return "is a zip archive (PyTorch's .pt files are such), not a .pdparams file", _REMEDY
    if head.startswith(b"\x1f\x8b") or head[257:262] == b"ustar":
        return "is an archive, not a .pdparams file", "Unpack it and name the .pdparams file in it"
    if head[8:9] == b"{" and 2 <= int.from_bytes(head[:8], "little") <= size - 8:
        return "is a safetensors file under another name", "Let its name end in .safetensors"
    if head.lstrip()[:1] == b"<":
        return "is a web page, not weights", "Download the file itself, not the page about it"
    if head.startswith(b"\x00\x00\x00\x00"):
        return (
            "looks like an inference model's .pdiparams, not a .pdparams file",
            "Give the folder of the inference model in place of the model's name",
        )
    if head[:1] not in (b"\x80", b"(", b"}", b"]", b"c"):
        return "is not a .pdparams file", _REMEDY
    return None
