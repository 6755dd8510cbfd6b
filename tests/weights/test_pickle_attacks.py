"""What a hostile pickle asks for is refused by name, and never happens."""

import builtins
import collections
import copyreg
import os
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.errors import UsageError
from edgekit.weights.pdparams import read_pdparams

TENSOR = np.arange(6, dtype=np.float32).reshape(2, 3)


class Call:
    """Pickles as a call of `function` with `arguments`, and optionally a state."""

    def __init__(self, function: Any, *arguments: Any, state: Any = None) -> None:
        self.parts = (function, arguments) if state is None else (function, arguments, state)

    def __reduce__(self) -> Any:
        return self.parts


def refused(folder: Path, content: bytes) -> str:
    file = folder / "hostile.pdparams"
    file.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        read_pdparams(file)
    assert str(file) in caught.value.message
    assert caught.value.remedy
    return caught.value.message


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_system_calls_are_refused_by_name(tmp_path: Path, protocol: int) -> None:
    witness = tmp_path / "witness"
    message = refused(tmp_path, pickle.dumps({"w": Call(os.system, f"touch {witness}")}, protocol))
    assert "asks to run posix.system" in message
    assert not witness.exists()


@pytest.mark.parametrize(
    ("function", "arguments", "named"),
    [
        (builtins.eval, ("1",), ".eval"),
        (builtins.exec, ("1",), ".exec"),
        (builtins.getattr, ("", "join"), ".getattr"),
        (builtins.__import__, ("os",), ".__import__"),
        (np.load, ("x",), "numpy.load"),
        (np.fromfile, ("x",), "fromfile"),
        (collections.Counter, (), "collections.Counter"),
    ],
)
def test_other_calls_are_refused_by_name(tmp_path: Path, function: Any, arguments: Any, named: str) -> None:
    message = refused(tmp_path, pickle.dumps({"w": Call(function, *arguments)}, 2))
    assert named in message


def test_a_call_hidden_in_a_tensor_is_refused(tmp_path: Path) -> None:
    reconstruct, arguments, state = TENSOR.__reduce__()
    nested = Call(reconstruct, *arguments, state=(*state[:4], Call(os.system, "true")))
    assert "posix.system" in refused(tmp_path, pickle.dumps({"w": nested}))


def test_a_subclass_in_place_of_ndarray_is_refused(tmp_path: Path) -> None:
    reconstruct, arguments, state = TENSOR.__reduce__()
    hostile = Call(reconstruct, np.matrix, *arguments[1:], state=state)
    assert "matrix" in refused(tmp_path, pickle.dumps({"w": hostile}))


def test_object_arrays_are_refused(tmp_path: Path) -> None:
    objects = np.array([{"a": 1}, None], dtype=object)
    assert "Python objects" in refused(tmp_path, pickle.dumps({"w": objects}))


@pytest.mark.parametrize(
    "array",
    [
        np.array(["text"]),
        np.array([b"bytes"]),
        np.zeros(2, dtype=[("a", "f4"), ("b", "i4")]),
        np.array(["2020-01-01"], dtype="M8[D]"),
        np.zeros(2, dtype=np.complex64),
    ],
)
def test_what_is_no_number_is_refused(tmp_path: Path, array: np.ndarray) -> None:
    assert "refused" in refused(tmp_path, pickle.dumps({"w": array}))


def shaped(shape: tuple, data: bytes = bytes(24)) -> bytes:
    reconstruct, arguments, state = TENSOR.__reduce__()
    return pickle.dumps({"w": Call(reconstruct, *arguments, state=(1, shape, state[2], False, data))})


@pytest.mark.parametrize(
    "shape", [(2, 4), (10**12,), (2**40, 2**40), (-1, -6), (1 << 4000,), (1,) * 40, (0, 2**62), (2, 0)]
)
def test_a_shape_that_the_bytes_do_not_fill_is_refused(tmp_path: Path, shape: tuple) -> None:
    message = refused(tmp_path, shaped(shape))
    assert "shape" in message
    assert len(message) < 400


def test_huge_dimensions_beside_a_zero_allocate_nothing(tmp_path: Path) -> None:
    assert "impossible shape" in refused(tmp_path, shaped((0, 2**62), b""))


@pytest.mark.parametrize("shape", [(2.0, 3), ("2", 3), ((2,), 3), (True, 6)])
def test_a_shape_that_is_no_shape_is_refused(tmp_path: Path, shape: tuple) -> None:
    refused(tmp_path, shaped(shape))


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"\x80\x02cposix\nsystem\n(S'true'\ntR.", "posix.system"),
        (b"\x80\x02(S'true'\niposix\nsystem\n.", "posix.system"),  # INST
        (b"\x80\x02(cposix\nsystem\nS'true'\no.", "OBJ"),
        (b"\x80\x02cbuiltins\nobject\n)\x81.", "NEWOBJ"),
        (b"\x80\x04\x8c\x08builtins\x8c\x06object\x93)}\x92.", "NEWOBJ_EX"),
        (b"\x80\x02Pid\n.", "outside itself"),  # PERSID
        (b"\x80\x02U\x01aQ.", "outside itself"),  # BINPERSID
        (b"\x80\x02\x82\x01.", "extension"),
        (b"\x80\x02\x83\x01\x00.", "extension"),
        (b"\x80\x02\x84\x01\x00\x00\x00.", "extension"),
        (b"\x80\x05\x97.", "buffer"),
        (b"\x80\x04\x8f.", "EMPTY_SET"),
    ],
)
def test_instructions_that_data_never_needs_are_refused(tmp_path: Path, content: bytes, named: str) -> None:
    assert named in refused(tmp_path, content)


def test_a_registered_extension_is_not_used(tmp_path: Path) -> None:
    copyreg.add_extension("posix", "system", 0x7FFFFFF0)
    try:
        content = pickle.dumps({"w": Call(os.system, "true")}, 2)
        assert b"\x84" in content
        assert "extension" in refused(tmp_path, content)
    finally:
        copyreg.remove_extension("posix", "system", 0x7FFFFFF0)


def test_a_name_is_only_ever_text(tmp_path: Path) -> None:
    # The name itself, put where a tensor belongs, stays inert.
    refused(tmp_path, b"\x80\x02}U\x01wcposix\nsystem\ns.")
    # Setting the state of a name must not reach the reader's own functions.
    refused(tmp_path, b"\x80\x02cnumpy\ndtype\n}U\x01aK\x01sb.")
    # A string assembled elsewhere is no module to import.
    refused(tmp_path, b"\x80\x04K\x01\x8c\x06system\x93.")


def test_the_result_of_a_call_cannot_be_called(tmp_path: Path) -> None:
    refused(tmp_path, b"\x80\x02cnumpy\ndtype\nU\x02f4\x85R)R.")


def test_memo_tricks(tmp_path: Path) -> None:
    refused(tmp_path, b"\x80\x02r\xff\xff\xff\xff.")  # nothing on the stack to remember
    refused(tmp_path, b"\x80\x02j\xff\xff\xff\xff.")  # never remembered
    refused(tmp_path, b"\x80\x02]q\x00h\x00a.")  # a list that holds itself
    refused(tmp_path, b"\x80\x02}q\x00U\x01wh\x00s.")  # a table that holds itself
    refused(tmp_path, b"\x80\x02}r\xf0\xff\xff\x7f.")  # a huge index must not make a huge memo: an empty table


def test_an_exponentially_shared_key_does_not_hang(tmp_path: Path) -> None:
    doubled = b"\x80\x02}K\x01\x85" + b"2\x86" * 200  # a pair of itself with itself, 200 deep
    assert "neither text nor numbers" in refused(tmp_path, doubled + b"K\x01s.")


def test_an_exponentially_shared_value_is_never_put_into_words(tmp_path: Path) -> None:
    doubled = b"K\x01\x85" + b"2\x86" * 200
    reconstruct = b"cnumpy.core.multiarray\n_reconstruct\n"
    assert "asks to build" in refused(tmp_path, b"\x80\x02" + reconstruct + doubled + b"K\x00\x85U\x01b\x87R.")
    refused(tmp_path, b"\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00a" + doubled + b"\x86R.")
    refused(tmp_path, b"\x80\x02}U\x01w" + doubled + b"s.")
    refused(tmp_path, b"\x80\x02" + doubled + b".")


def test_claimed_lengths_are_not_allocated(tmp_path: Path) -> None:
    refused(tmp_path, b"\x80\x04\x8e" + struct.pack("<Q", 2**62) + b"abc.")
    refused(tmp_path, b"\x80\x02T" + struct.pack("<i", 2**31 - 1) + b"abc.")
    refused(tmp_path, b"\x80\x02\x8b" + struct.pack("<i", 2**31 - 1) + b"abc.")
    refused(tmp_path, b"\x80\x04\x95" + struct.pack("<Q", 2**63) + b".")


def test_deep_nesting_does_not_exhaust_the_stack(tmp_path: Path) -> None:
    refused(tmp_path, b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b".")
