import struct

import pytest

from tests.converters.loading import load

engine_file = load("tensorrt", "engine_file")


def header(size=64, bits=0b1110, magic=b"vtrt"):
    return struct.pack("<4sIQQ4s4sQ", magic, 0, 2, size, bytes([1, 7, 1, 116]), b"vtrt", bits).ljust(64, b"\0")


def test_version_and_gpus():
    read = engine_file.read_header(header())
    assert (read.version, read.compute_capabilities) == ("1.7.1.116", ["sm80", "sm86", "sm89"])
    assert read.tool == "TensorRT-RTX 1.7.1.116"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"vtrt", "4 bytes, fewer than its header"),
        (header(magic=b"ftrt"), "does not begin as an engine"),
        (header(size=65), "has 64 bytes, its header says 65"),
        (header(bits=1 << 40), r"unknown GPUs \(bits \[40\]\)"),
    ],
)
def test_damage_is_named(content, said):
    with pytest.raises(engine_file.Damaged, match=said):
        engine_file.read_header(content)
