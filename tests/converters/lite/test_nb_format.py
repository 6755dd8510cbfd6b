"""Reading `.nb` files, on two small ones that Paddle Lite made."""

import random
import struct

import numpy as np
import pytest
from edgeworker.refusal import Refusal

from tests.converters.lite.tiny_program import parameters


@pytest.fixture
def content(tiny_files) -> bytes:
    return tiny_files["arm"].read_bytes()


def test_the_header_and_the_graph(nb_format, tiny_files):
    arm, x86 = (nb_format.read_nb(tiny_files[target]) for target in ("arm", "x86"))
    assert arm.opt_version == x86.opt_version == "v2.13-rc"
    assert [op.type for op in arm.operators] == ["feed", "conv2d", "swish", "pool2d", "fc", "fetch"]
    assert arm.targets() == {"ARM", "Host"}
    assert x86.targets() == {"X86", "Host"}
    assert [(feed.name, feed.dims, feed.dtype) for feed in arm.feeds()] == [("x", (1, 3, 8, 8), "float32")]
    assert arm.fetches() == x86.fetches() == ["logits"]
    convolution = arm.operators[1]
    assert convolution.inputs["Filter"] == ["conv.w"]
    assert convolution.attributes["strides"] == [2, 2]
    assert convolution.attributes["groups"] == 1
    assert convolution.attributes["padding_algorithm"] == "EXPLICIT"
    assert convolution.kernel == nb_format.Kernel("ARM", "float32")
    assert arm.operators[2].attributes["beta"] == 1.0


@pytest.mark.parametrize("target", ["arm", "x86"])
def test_the_parameters_are_the_programs(nb_format, tiny_files, target):
    model = nb_format.read_nb(tiny_files[target])
    assert sorted(model.parameters) == sorted(parameters())
    file = tiny_files[target].read_bytes()
    for name, value in parameters().items():
        stored = model.parameters[name]
        assert stored.values.dtype == np.float32
        np.testing.assert_array_equal(stored.values, value)
        assert file[stored.offset : stored.offset + value.nbytes] == value.tobytes()


def test_every_shorter_file_is_refused(nb_format, content):
    for length in range(len(content)):
        with pytest.raises(nb_format.Damaged):
            nb_format.parse_nb(content[:length])


def test_trailing_bytes_are_refused(nb_format, content):
    with pytest.raises(nb_format.Damaged, match="3 bytes follow the last parameter"):
        nb_format.parse_nb(content + b"abc")


def test_another_format_is_refused_by_name(nb_format, content, tmp_path):
    path = tmp_path / "model.nb"
    path.write_bytes(struct.pack("<H", 0) + content[2:])
    with pytest.raises(Refusal, match="its first bytes say format 0, not 2") as caught:
        nb_format.read_nb(path)
    assert str(path) in caught.value.message
    assert caught.value.kind == "input"
    with pytest.raises(Refusal, match="No such file"):
        nb_format.read_nb(tmp_path / "absent.nb")


def test_damaged_bytes_are_refused_or_read_and_never_crash(nb_format, content):
    generator = random.Random(20)
    refused = 0
    for _ in range(1500):
        damaged = bytearray(content)
        for _ in range(generator.randint(1, 8)):
            damaged[generator.randrange(len(damaged))] = generator.randrange(256)
        try:
            nb_format.parse_nb(bytes(damaged))
        except nb_format.Damaged:
            refused += 1
    assert refused > 300  # damage in a value or a name is read; damage in the structure is not


def test_clearing_what_follows_the_version(nb_format, content, tmp_path):
    path = tmp_path / "model.nb"
    path.write_bytes(content[:2] + b"v2.13-rc\0\xac\x9c\xfc\x7f\0\0\x01" + content[18:])
    assert path.read_bytes() != content
    nb_format.clear_version_padding(path)
    assert path.read_bytes() == content
