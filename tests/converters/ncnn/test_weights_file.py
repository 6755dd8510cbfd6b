"""Which bytes of a `.bin` belong to which layer, on files written by hand after ncnn's own loaders."""

import numpy as np
import pytest

from tests.converters.loading import load

PARAM = """7767517
6 6
Input in0 0 1 in0
Convolution conv 1 1 in0 1 0=2 1=1 5=1 6=6
ReLU relu 1 1 1 2
MemoryData const 0 1 3 0=4
BinaryOp add 2 1 2 3 4 0=0
InnerProduct fc 1 1 4 out0 0=3 1=0 2=12
"""


@pytest.fixture(scope="module")
def weights_file():
    return load("ncnn", "weights_file")


def read(weights_file, folder, param: str, content: bytes):
    (folder / "m.param").write_text(param)
    (folder / "m.bin").write_bytes(content)
    return weights_file.WeightsFile.read(
        load("ncnn", "param_file").ParamFile.read(folder / "m.param"), folder / "m.bin"
    )


def numbers(count: int, start: int) -> bytes:
    return np.arange(start, start + count, dtype=np.float32).tobytes()


CONTENT = bytes(4) + numbers(6, 0) + numbers(2, 10) + numbers(4, 20) + bytes(4) + numbers(12, 30)


def test_flags_biases_and_constants(weights_file, tmp_path):
    found = read(weights_file, tmp_path, PARAM, CONTENT).tensors
    assert {name: [one.name for one in stored] for name, stored in found.items() if stored} == {
        "conv": ["weight", "bias"],
        "const": ["data"],
        "fc": ["weight"],
    }
    assert [found["conv"][0].start, found["conv"][0].stop] == [0, 28]
    np.testing.assert_array_equal(found["conv"][1].values, [10, 11])
    np.testing.assert_array_equal(found["const"][0].values, [20, 21, 22, 23])
    np.testing.assert_array_equal(found["fc"][0].values, np.arange(30, 42))


@pytest.mark.parametrize(
    ("layer", "parts"),
    [
        ("GroupNorm 1 1 in0 out0 0=2 1=6", [("gamma", 6), ("beta", 6)]),
        ("GroupNorm 1 1 in0 out0 0=2 1=6 3=0", []),
        ("InstanceNorm 1 1 in0 out0 0=3", [("gamma", 3), ("beta", 3)]),
        ("InstanceNorm 1 1 in0 out0 0=3 2=0", []),
        ("RMSNorm 1 1 in0 out0 0=5", [("gamma", 5)]),
        ("ShuffleChannel 1 1 in0 out0 0=2", []),
    ],
)
def test_normalisations(weights_file, tmp_path, layer, parts):
    kind, ports = layer.split(" ", 1)
    content = numbers(sum(count for _, count in parts), 0)
    param = f"7767517\n2 2\nInput in0 0 1 in0\n{kind} one {ports}\n"
    stored = read(weights_file, tmp_path, param, content).tensors["one"]
    assert [(tensor.name, tensor.values.size) for tensor in stored] == parts


def test_an_attention_with_keys_of_another_width(weights_file, tmp_path):
    """4 numbers inside, 3 in queries and output, 5 in keys, 2 in values."""
    parts = {"q": (12, 4), "k": (20, 4), "v": (8, 4), "out": (12, 3)}
    content = b"".join(bytes(4) + numbers(matrix, 0) + numbers(vector, 50) for matrix, vector in parts.values())
    param = "7767517\n2 2\nInput in0 0 1 in0\nMultiHeadAttention attention 1 1 in0 out0 0=4 1=2 2=12 3=5 4=2\n"
    stored = read(weights_file, tmp_path, param, content).tensors["attention"]
    expected = [
        (f"{part}_{what}", size)
        for part, sizes in parts.items()
        for what, size in zip(("weight", "bias"), sizes, strict=True)
    ]
    assert [(tensor.name, tensor.values.size) for tensor in stored] == expected


def test_half_precision_is_padded_to_four_bytes(weights_file, tmp_path):
    half = np.arange(3, dtype=np.float16)
    param = "7767517\n2 2\nInput in0 0 1 in0\nConvolution conv 1 1 in0 out0 0=1 5=1 6=3\n"
    content = (0x01306B47).to_bytes(4, "little") + half.tobytes() + bytes(2) + numbers(1, 7)
    (weight, bias) = read(weights_file, tmp_path, param, content).tensors["conv"]
    np.testing.assert_array_equal(weight.values, half)
    assert bias.values[0] == 7


@pytest.mark.parametrize("content", [CONTENT + b"....", CONTENT[:-4], b"\x01\x02\x03\x04" + CONTENT[4:]])
def test_a_file_that_does_not_fit_is_not_guessed_at(weights_file, tmp_path, content):
    with pytest.raises(weights_file.UnknownLayout):
        read(weights_file, tmp_path, PARAM, content)


def test_an_unknown_layer_is_not_guessed_at(weights_file, tmp_path):
    param = "7767517\n2 2\nInput in0 0 1 in0\nLSTM lstm 1 1 in0 out0 0=1\n"
    with pytest.raises(weights_file.UnknownLayout, match="LSTM"):
        read(weights_file, tmp_path, param, b"")
