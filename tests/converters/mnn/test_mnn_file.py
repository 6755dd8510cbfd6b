"""The reader of `.mnn` files, on files that its writer makes: what is in them, and what is wrong with them."""

import random
import struct
from pathlib import Path

import numpy as np
import pytest
from edgeworker.flat_reader import Damaged
from edgeworker.protocol import Request

from edgekit.bundled import bundled_folder
from tests.converters.loading import load, load_own

mnn_file = load("mnn", "mnn_file")
mnn_schema = load("mnn", "mnn_schema")
layouts = load("mnn", "layouts")
MnnFile = mnn_file.MnnFile

NUMBER = {name: number for number, name in mnn_schema.OPERATORS.items()}
TABLE = {name: 1 + position for position, name in enumerate(mnn_schema.PARAMETERS)}
WEIGHT = np.arange(24, dtype=np.float32).reshape(2, 12) / 7
ID = "0b0a1c2d-0000-4000-8000-123456789abc"


def operator(kind, table, parameters, inputs, outputs, name):
    return {
        "inputIndexes": inputs,
        "main_type": TABLE[table],
        "main": parameters,
        "name": name,
        "outputIndexes": outputs,
        "type": NUMBER[kind],
    }


def network(weights=None, **more):
    """A convolution of 2 channels on an image of 3, and a leaky ReLU."""
    common = {"kernelX": 2, "kernelY": 2, "outputCount": 2, "inputCount": 3}
    stored = weights or {"weight": WEIGHT.ravel()}
    return {
        "bizCode": "edgekit",
        "oplists": [
            operator("Input", "Input", {"dims": [1, 3, 4, 4], "dtype": 1, "dformat": 0}, [], [0], "x"),
            operator("ConvertTensor", "TensorConvertInfo", {"source": 0, "dest": 2}, [0], [1], "x_in_blocks"),
            operator(
                "Convolution",
                "Convolution2D",
                {"common": common, "bias": np.array([0.5, -1], np.float32), **stored},
                [1],
                [2],
                "conv",
            ),
            operator("ReLU", "Relu", {"slope": 0.25}, [2], [3], "y"),
        ],
        "outputName": ["y"],
        "tensorName": ["x", "x_in_blocks", "conv", "y"],
        "mnn_uuid": ID,
        **more,
    }


@pytest.fixture
def written(tmp_path):
    def write(root):
        path = tmp_path / "model.mnn"
        MnnFile([], {}, [], root).write(path)
        return path

    return write


def test_what_is_written_is_read(written):
    found = MnnFile.read(written(network()))
    assert found.inputs == {"x": [1, 3, 4, 4]}
    assert found.outputs == ["y"]
    convolution, relu = found.operators[2:]
    assert (convolution.title, convolution.inputs, convolution.outputs) == (
        "Convolution conv",
        ["x_in_blocks"],
        ["conv"],
    )
    tensors = convolution.tensors()
    assert tensors["weight"].tobytes() == WEIGHT.tobytes()
    assert tensors["bias"].tolist() == [0.5, -1]
    assert convolution.attributes()["common.outputCount"] == "2"
    assert relu.numbers() == {"slope": [0.25]}
    assert not relu.tensors()


@pytest.mark.parametrize(("kind", "read"), [(1, {}), (2, {}), (3, {"cubicCoeffA": [-0.75]}), (4, {})])
def test_an_image_that_is_not_resized_by_cubes_does_not_read_their_coefficient(written, kind, read):
    root = network()
    resize = {"outputWidth": 8, "outputHeight": 8, "resizeType": kind, "cubicCoeffA": -0.75}
    root["oplists"].append(operator("Interp", "Interp", resize, [3], [4], "large"))
    root["tensorName"].append("large")
    assert MnnFile.read(written(root)).operators[-1].numbers() == read


def test_layouts_are_those_that_the_file_converts_between(written):
    found = layouts.layouts_of(MnnFile.read(written(network())))
    assert found == {"x": "NCHW", "x_in_blocks": "NC4HW4", "conv": "NC4HW4", "y": "NC4HW4"}


def test_halves_and_integers(written):
    halves = WEIGHT.astype(np.float16)
    packed = {"buffer": halves.view(np.int8).ravel(), "type": 3}
    found = MnnFile.read(written(network({"quanParameter": packed}))).operators[2].tensors()["weight"]
    assert found.dtype == np.float16
    assert found.tolist() == halves.ravel().tolist()
    integers = MnnFile.read(written(network({"quanParameter": in_8_bits()}))).operators[2].tensors()["weight"]
    values = (integers.integers.astype(np.float64) + 128) * integers.scale[:, None] + integers.lowest[:, None]
    assert np.abs(values - WEIGHT).max() <= 0.5001 * integers.scale.max()


def in_8_bits(**more):
    lowest = WEIGHT.min(axis=1)
    scale = (WEIGHT.max(axis=1) - lowest) / np.float32(255)
    indices = np.rint((WEIGHT - lowest[:, None]) / scale[:, None]).astype(np.uint8)
    head = struct.pack("<BHHB", 2, 2, 12, 0)
    content = head + np.arange(-128, 128, dtype=np.int8).tobytes() + indices.tobytes()
    alpha = np.stack([lowest, scale], axis=1).ravel().astype(np.float32)
    return {
        "buffer": np.frombuffer(content, np.int8),
        "alpha": alpha,
        "type": 1,
        "aMaxOrBits": 8,
        "aMin": -128,
        "readType": 2,
        **more,
    }


@pytest.mark.parametrize(
    ("packed", "said"),
    [
        (in_8_bits(type=2), "kept in a way that is not known"),
        (in_8_bits(aMaxOrBits=4), "kept in a way that is not known"),
        (in_8_bits(aMin=0), "do not fit"),
        (in_8_bits(alpha=np.ones(3, np.float32)), "other levels"),
    ],
)
def test_weights_that_are_kept_otherwise_are_refused(written, packed, said):
    found = MnnFile.read(written(network({"quanParameter": packed})))
    with pytest.raises(Damaged, match=f"Convolution conv: .*{said}"):
        found.operators[2].tensors()


def test_weights_in_another_file_are_refused(written):
    found = MnnFile.read(written(network({"external": np.array([0, 96, 8], np.int64)})))
    with pytest.raises(Damaged, match="in another file"):
        found.operators[2].tensors()


def refusal(path):
    # The workers' class, which the module knows.
    with pytest.raises(mnn_file.Refusal) as caught:
        MnnFile.read(path)
    assert caught.value.kind == "input"
    return caught.value.message


def test_bytes_that_nothing_leads_to_are_refused(written):
    path = written(network())
    path.write_bytes(path.read_bytes() + bytes(range(1, 41)))
    assert "nothing in it leads to the 4" in refusal(path)


def test_what_is_not_known_is_refused(written):
    known = network()
    known["oplists"].append({"main_type": TABLE["WhileParam"], "name": "loop", "type": NUMBER["While"]})
    schema = {
        **mnn_schema.SCHEMA,
        "WhileParam": [("cond_graph", "text")],
        "Relu": [("slope", "f"), ("more", "f")],
    }
    tables = load("mnn", "mnn_file").write_root
    known["oplists"][-1]["main"] = {"cond_graph": "on"}
    path = written(network())
    path.write_bytes(tables(schema, "Net", known))
    assert "the layout of WhileParam is not known" in refusal(path)
    more = network()
    more["oplists"][3]["main"] = {"slope": 0.25, "more": 0.5}
    path.write_bytes(tables(schema, "Net", more))
    assert "a table Relu has a field 1, which is not known" in refusal(path)


def test_tensors_without_a_name_are_refused(written):
    assert "has no name" in refusal(written(network(tensorName=["x"])))


def test_an_empty_file_and_every_shorter_one_are_refused(written):
    path = written(network())
    content = path.read_bytes()
    for size in range(0, len(content) - 8, 7):
        path.write_bytes(content[:size])
        assert "model.mnn cannot be read: " in refusal(path)


def test_no_damage_is_read_in_silence_or_ends_in_another_error(written):
    """Whatever happens to a byte: the file is refused, or what is read differs, or is the same as before."""
    path = written(network({"quanParameter": in_8_bits()}))
    content = path.read_bytes()
    chance = random.Random(0)
    refused = 0
    for _ in range(1500):
        damaged = bytearray(content)
        for _ in range(chance.randint(1, 3)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        try:
            found = MnnFile.parse(memoryview(bytes(damaged)))
            for one in found.operators:
                one.tensors()
                one.numbers()
                one.attributes()
        except Damaged:
            refused += 1
    assert refused > 500


def test_an_identity_is_made_of_a_digest(written):
    path = written(network())
    before = path.read_bytes()
    mnn_file.set_id(path, "ab" * 32)
    after = path.read_bytes()
    assert MnnFile.read(path).root["mnn_uuid"] == "abababab-abab-abab-abab-abababababab"
    assert len(after) == len(before)
    assert sum(one != other for one, other in zip(before, after, strict=True)) <= 36


def test_zeros_may_stand_for_no_bias_and_for_nothing_else(written):
    parameters = load_own("mnn", "parameters")
    root = network()
    root["oplists"][2]["main"]["bias"] = np.zeros(2, np.float32)

    request = Request({"model": written(root)}, Path(), {})
    found = {one.name: one for one in parameters.stored(request)}
    assert found["conv.bias"].summand
    assert not found["conv.weight"].summand
    assert found["y.slope"].described


def test_nothing_here_takes_the_commands_that_report():
    """They install a package and send what they do; the native function does not."""
    for path in (bundled_folder("converters") / "mnn").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert "MNN.tools" not in text, path.name
        assert "subprocess" not in text, path.name
