"""Reading .pdparams: what Paddle writes comes out exactly; anything else is one sentence."""

import io
import pickle
import random
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from edgekit.errors import UsageError
from edgekit.weights.pdparams import read_pdparams
from edgekit.weights.prepare import for_export

SHARED = Path(__file__).parents[3] / "shared" / "weights"
RANDOM = np.random.default_rng(0)
STATE = {
    "conv.weight": RANDOM.standard_normal((4, 3, 3, 3)).astype(np.float32),
    "bn._mean": RANDOM.standard_normal(4).astype(np.float16),
    "fortran": np.asfortranarray(RANDOM.standard_normal((3, 5))),
    "count": np.array([7], dtype=np.int64),
    "scalar": np.array(2.5, dtype=np.float32),
    "empty": np.zeros((0, 3), dtype=np.float32),
    "big_endian": np.arange(5, dtype=">f4"),
    "flags": np.array([True, False]),
}


def written(folder: Path, value: object, protocol: int = 4) -> Path:
    file = folder / "model.pdparams"
    file.write_bytes(pickle.dumps(value, protocol))
    return file


def assert_same(tensors: dict, expected: dict) -> None:
    assert list(tensors) == list(expected)
    for name, array in expected.items():
        assert tensors[name].shape == array.shape
        assert tensors[name].dtype == array.dtype.newbyteorder("=")
        assert tensors[name].dtype.isnative
        np.testing.assert_array_equal(tensors[name], array)


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_every_protocol_gives_the_same_tensors(tmp_path: Path, protocol: int) -> None:
    assert_same(read_pdparams(written(tmp_path, STATE, protocol)), STATE)


def test_names_of_both_numpy_generations(tmp_path: Path) -> None:
    content = pickle.dumps(STATE, 2)
    old, new = b"numpy.core.multiarray", b"numpy._core.multiarray"
    for module, other in ((old, new), (new, old)):
        file = tmp_path / "model.pdparams"
        file.write_bytes(content.replace(other, module))
        assert module in file.read_bytes()
        assert_same(read_pdparams(file), STATE)


def test_what_python_2_wrote(tmp_path: Path) -> None:
    # The bytes and names of a Python 2 pickle: str everywhere (SHORT_BINSTRING), here [1.0, -2.0] as "<f4".
    numbers = np.array([1.0, -2.0], dtype="<f4").tobytes()
    file = tmp_path / "old.pdparams"
    file.write_bytes(
        b"\x80\x02}U\x01wcnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
        b"(K\x01K\x02\x85cnumpy\ndtype\nU\x02f4K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
        b"\x89U\x08" + numbers + b"tbs."
    )
    np.testing.assert_array_equal(read_pdparams(file)["w"], np.array([1.0, -2.0], dtype=np.float32))


def test_paddles_own_tables_are_understood(tmp_path: Path) -> None:
    state = OrderedDict(STATE)
    state["StructuredToParameterName@@"] = {name: f"param_{name}" for name in STATE}
    assert_same(read_pdparams(written(tmp_path, state)), STATE)


def test_a_tensor_with_its_name(tmp_path: Path) -> None:
    # What paddle.save makes of a tensor outside a state dict.
    named = {"w": ("linear_0.w_0", STATE["conv.weight"])}
    assert_same(read_pdparams(written(tmp_path, named)), {"w": STATE["conv.weight"]})


def test_slices_are_joined(tmp_path: Path) -> None:
    # What paddle.save makes of a tensor above 1 GiB at protocols 2 and 3.
    whole = np.arange(24, dtype=np.float32)
    state = {
        "b": STATE["scalar"],
        "w@@.0": whole[:16],
        "w@@.1": whole[16:],
        "UnpackBigParamInfor@@": {"w": {"OriginShape": (2, 3, 4), "slices": ["w@@.0", "w@@.1"]}},
    }
    assert_same(read_pdparams(written(tmp_path, state, 2)), {"b": STATE["scalar"], "w": whole.reshape(2, 3, 4)})
    state["UnpackBigParamInfor@@"]["w"]["OriginShape"] = (5, 5)
    with pytest.raises(UsageError, match="do not make one tensor"):
        read_pdparams(written(tmp_path, state, 2))


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ([1, 2], "holds one list"),
        (STATE["scalar"], "holds one tensor"),
        ({"model": STATE}, 'a table under "model"'),
        ({"epoch": 3}, 'a number under "epoch"'),
        ({1: STATE["scalar"]}, "no text"),
        ({}, "no tensor at all"),
    ],
)
def test_what_is_no_table_of_tensors(tmp_path: Path, value: object, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        read_pdparams(written(tmp_path, value))


def archive() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        file.writestr("data.pkl", b"x")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"),
        (archive(), "zip archive"),
        (b"\x1f\x8b\x08" + bytes(20), "an archive"),
        (b"<!DOCTYPE html><html></html>", "web page"),
        (bytes(64), "pdiparams"),
        (b"hello, this is text", "not a .pdparams file"),
        (b"\x7fELF" + bytes(60), "not a .pdparams file"),
    ],
)
def test_other_files_are_named_for_what_they_are(tmp_path: Path, content: bytes, why: str) -> None:
    file = tmp_path / "model.pdparams"
    file.write_bytes(content)
    with pytest.raises(UsageError, match=why) as caught:
        read_pdparams(file)
    assert str(file) in caught.value.message


def test_a_safetensors_file_by_mistake(tmp_path: Path) -> None:
    save_file({"w": STATE["conv.weight"]}, tmp_path / "model.pdparams")
    with pytest.raises(UsageError, match="is a safetensors file under another name"):
        read_pdparams(tmp_path / "model.pdparams")


def test_a_folder_and_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder"):
        read_pdparams(tmp_path)
    with pytest.raises(UsageError, match="does not exist"):
        read_pdparams(tmp_path / "absent.pdparams")


def loads_or_says_why(file: Path) -> bool:
    try:
        tensors = read_pdparams(file)
    except UsageError as error:
        assert str(file) in error.message
        assert error.message.isprintable()
        return False
    assert all(isinstance(tensor, np.ndarray) and tensor.dtype != object for tensor in tensors.values())
    return True


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_every_truncation_is_said(tmp_path: Path, protocol: int) -> None:
    content = pickle.dumps(STATE, protocol)
    file = tmp_path / "cut.pdparams"
    step = max(1, len(content) // 500)
    for length in [*range(0, len(content), step), len(content) - 1]:
        file.write_bytes(content[:length])
        assert not loads_or_says_why(file), f"{length} of {len(content)} bytes were read as a whole file"


@pytest.mark.filterwarnings("ignore:invalid escape sequence")  # of a damaged text at protocol 0
@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_random_damage_never_escapes(tmp_path: Path, protocol: int) -> None:
    dice = random.Random(protocol)
    content = pickle.dumps(STATE, protocol)
    file = tmp_path / "damaged.pdparams"
    outcomes = set()
    for _ in range(1500):
        damaged = bytearray(content)
        for _ in range(dice.choice((1, 1, 1, 3, 10))):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        file.write_bytes(damaged)
        outcomes.add(loads_or_says_why(file))
    assert outcomes == {True, False}


def test_random_instructions_never_escape(tmp_path: Path) -> None:
    import pickletools

    dice = random.Random(9)
    codes = [opcode.code.encode("latin-1") for opcode in pickletools.opcodes]
    names = [
        b"cnumpy.core.multiarray\n_reconstruct\n",
        b"cnumpy\nndarray\n",
        b"cnumpy\ndtype\n",
        b"U\x02f4",
        b"K\x01",
    ]
    file = tmp_path / "random.pdparams"
    for _ in range(1500):
        pieces = [dice.choice(codes if dice.random() < 0.6 else names) for _ in range(dice.randrange(1, 40))]
        file.write_bytes(b"\x80\x02" + b"".join(pieces) + b".")
        assert loads_or_says_why(file) is False


@pytest.mark.parametrize("name", ["MixNet_S_cifar10", "ResNet18_imagenet"])
def test_real_files_equal_what_pickle_reads(name: str) -> None:
    file = SHARED / f"{name}.pdparams"
    if not file.is_file():
        pytest.skip(f"../shared/weights/{name}.pdparams is not here")
    expected = pickle.loads(file.read_bytes())
    assert expected.pop("StructuredToParameterName@@")
    assert_same(read_pdparams(file), expected)


def test_a_number_beyond_float32_is_said(tmp_path: Path) -> None:
    path = tmp_path / "w.pdparams"
    path.write_bytes(pickle.dumps({"w": np.array([1.0, 1e39])}))
    with pytest.raises(UsageError, match="that float32 does not hold"):
        for_export(read_pdparams(path), path)
