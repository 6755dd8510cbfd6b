"""What a stage takes of a machine, and what is said where no machine has it."""

import sys
from types import SimpleNamespace

import pytest

from edgekit.cluster.evaluation import needs_of_part
from edgekit.cluster.needs import Needs, needs_of, reserved_cores
from edgekit.devices.machine import known_machines
from edgekit.errors import AbsentError, ConversionError
from edgekit.pipeline.stage import Stage
from edgekit.toolchain.worker import Limits

GIB = 1 << 30
HEAD = {"memory": 4.0 * GIB}
SMALL = {"CPU": 2.0, "memory": 8.0 * GIB}
LARGE = {"CPU": 8.0, "memory": 32.0 * GIB}
ARM = {"CPU": 4.0, "memory": 8.0 * GIB, "arm64": 2.0}
PHONE = {"CPU": 4.0, "memory": 8.0 * GIB, "adb_phone": 1.0}
GPU = {"CPU": 4.0, "memory": 8.0 * GIB, "GPU": 1.0}


def stage(**options) -> Stage:
    return Stage("fake/work.py", "the work", **options)


def test_a_stage_takes_its_cores_and_its_estimate() -> None:
    needs = needs_of(stage(cores=2, memory_bytes=3 * GIB), [HEAD, SMALL, LARGE])
    assert needs == Needs(2, 3 * GIB)
    assert needs.options() == {"num_cpus": 2, "num_gpus": 0, "memory": 3 * GIB, "resources": {}}
    assert [needs.fit(node) for node in (HEAD, SMALL, LARGE)] == [False, True, True]
    # More cores than any machine has would be waited for for ever.
    assert needs_of(stage(cores=16), [SMALL]).cores == 2


def test_a_timed_stage_has_one_of_the_largest_machines_to_itself() -> None:
    needs = needs_of(stage(cores=2, alone=True), [SMALL, LARGE])
    assert needs.cores == 8 and not needs.fit(SMALL) and needs.fit(LARGE)


def test_what_a_machine_must_offer() -> None:
    arm, old = (
        known_machines()["aarch64:cortex-a53"],
        next(one for one in known_machines().values() if "armv7" in one.name),
    )
    for machine in (arm, old):
        assert needs_of(stage(machine=machine), [SMALL, ARM]).custom == {"arm64": 1}
        assert needs_of(stage(machine=machine), [SMALL]).custom == {}  # nobody says so: then any can
    assert needs_of(stage(limits=Limits(gpu=True)), [SMALL, GPU]).gpus == 1
    with pytest.raises(AbsentError, match=r"no machine of the cluster offers GPU\. Start one that does"):
        needs_of(stage(limits=Limits(gpu=True)), [SMALL])


def test_a_stage_that_no_machine_has_the_memory_for() -> None:
    with pytest.raises(ConversionError, match=r"takes about 9\.0 GiB of memory, and 8\.0 GiB are free"):
        needs_of(stage(memory_bytes=9 * GIB), [HEAD, SMALL])


def test_a_part_of_an_evaluation() -> None:
    assert needs_of_part(None, GIB, [HEAD, LARGE]) == Needs(4, 4 * GIB)
    assert needs_of_part(None, GIB, [SMALL, LARGE]) == Needs(2, 2 * GIB)
    # A lane for each core, as far as the memory goes; one there is in any case.
    assert needs_of_part(None, 5 * GIB, [SMALL]) == Needs(1, 5 * GIB)
    assert needs_of_part(None, 9 * GIB, [SMALL, LARGE]) == Needs(1, 8 * GIB)
    assert needs_of_part("adb:0A1B", GIB, [SMALL, PHONE]).custom == {"adb_phone": 1}
    assert needs_of_part("aarch64:cortex-a53", GIB, [SMALL, ARM]).custom == {"arm64": 1}
    with pytest.raises(AbsentError, match="offers adb_phone"):
        needs_of_part("adb", GIB, [SMALL])
    with pytest.raises(AbsentError, match="offers ssh_board"):
        needs_of_part("ssh:board", GIB, [SMALL])


@pytest.mark.parametrize("nodes", [[SMALL], [LARGE, SMALL], [LARGE, {"CPU": 1.0, "memory": 0.5 * GIB}]])
def test_a_part_fits_every_machine_that_could_run_it(nodes: list[dict[str, float]]) -> None:
    # Ray would wait for ever for one that has more.
    for memory_bytes in (GIB // 4, GIB, 3 * GIB, 40 * GIB):
        needs = needs_of_part(None, memory_bytes, nodes)
        assert needs.cores >= 1 and all(needs.fit(node) for node in nodes)
        assert needs.cores == 1 or needs.memory_bytes == needs.cores * memory_bytes


def test_a_task_knows_the_cores_that_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    context = SimpleNamespace(get_assigned_resources=lambda: {"CPU": 3.0, "memory": 3.0 * GIB})
    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace(get_runtime_context=lambda: context))
    assert reserved_cores() == 3
