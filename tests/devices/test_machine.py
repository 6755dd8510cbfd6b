"""Names of machines, and what an emulated processor says of itself."""

import pytest

from edgekit.devices.emulation import processor_file
from edgekit.devices.machine import known_machines, select_machines
from edgekit.errors import UsageError


def test_an_architecture_alone_means_its_first_processor():
    small, large, old, _ = known_machines().values()
    assert select_machines("aarch64") == [small]
    assert select_machines("armv7") == select_machines("armv7:cortex-a7") == [old]
    assert [one.name for one in select_machines("x86_64") if one] == ["x86_64:haswell"]
    assert select_machines("host, AArch64:Cortex-A76,aarch64,aarch64:cortex-a53") == [None, large, small]


@pytest.mark.parametrize("name", ["cortex-a53", "aarch64:", "aarch64:cortex-a99", "arm64", "host:x"])
def test_an_unknown_name_is_answered_with_the_list(name):
    with pytest.raises(UsageError, match=rf"no device {name}\. Devices are host, aarch64:cortex-a53, aarch64:corte"):
        select_machines(name)


def test_none_is_named():
    with pytest.raises(UsageError, match="no device is named"):
        select_machines(" ,")


def test_processors_identify_themselves_as_the_real_ones_do():
    # r0p4, r4p1 and r0p5, as Linux shows them on such boards.
    small, large, old, _ = known_machines().values()
    assert [one.processor.identification for one in (small, large, old)] == [0x410FD034, 0x414FD0B1, 0x410FC075]
    described = processor_file(large)
    assert described.count("processor\t:") == 2
    assert "CPU part\t: 0xd0b\nCPU revision\t: 1\n" in described
    assert "asimdhp" in described
    assert "asimdhp" not in processor_file(small)
    assert "CPU architecture: 8\n" in processor_file(small)
    assert "CPU architecture: 7\n" in processor_file(old)
    assert "neon" in processor_file(old)


def test_a_processor_of_x86_is_described_as_linux_does_there():
    machine = known_machines()["x86_64:haswell"]
    described = processor_file(machine)
    assert described.count("processor\t:") == 2
    assert "cpu family\t: 6\nmodel\t\t: 60\n" in described
    assert "core id\t\t: 1\n" in described
    flags = described.split("flags\t\t: ")[1].split()
    assert "avx2" in flags
    assert not {"avx512f", "avx512_vnni", "avx_vnni"} & set(flags)
    # No file of its own says which core it is.
    assert machine.processor.identification is None
    assert machine.processor.emulated_as.startswith("Haswell-noTSX,")
