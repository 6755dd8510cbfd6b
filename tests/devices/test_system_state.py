"""What a machine says of itself, from a fake /sys: read by Python here, by a device's shell there, the same."""

import subprocess
from pathlib import Path

import pytest

from edgekit.devices.adb import find_phone
from edgekit.devices.system_state import (
    PATTERNS,
    MachineState,
    chosen_cores,
    shell_line,
    shell_texts,
    state_here,
    state_of,
)
from edgekit.errors import UsageError
from tests.devices.fake_programs import environment
from tests.devices.fake_system import BIG, write_system


def here(root: Path) -> MachineState:
    return state_here([f"{root}{pattern}" for pattern in PATTERNS])


def test_what_the_files_say(tmp_path: Path) -> None:
    write_system(tmp_path)
    state = here(tmp_path)
    assert state.online == "0-5"
    assert [core.number for core in state.cores] == [0, 1, 2, 3, 4, 5]
    big = state.cores[4]
    assert (big.governor, big.khz, big.allowed_khz, big.highest_khz, big.capacity) == (
        "schedutil",
        BIG // 2,
        BIG,
        BIG,
        1024,
    )
    assert state.celsius == {"cpu-big": 31.5, "battery": 29.0}
    assert state.hottest == 31.5
    assert state.battery is not None
    assert (state.battery.percent, state.battery.status, state.battery.celsius) == (80, "Discharging", 28.5)
    assert (state.throttled, state.cooling) == (None, 0)
    assert state.clusters == {"little": [0, 1, 2, 3], "big": [4, 5]}


def test_a_shell_says_the_same(tmp_path: Path) -> None:
    write_system(tmp_path)
    line = shell_line([f"{tmp_path}{pattern}" for pattern in PATTERNS])
    said = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True).stdout
    assert state_of(shell_texts(said)) == here(tmp_path)


def test_a_phone_by_a_fake_adb_says_it_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    write_system(tmp_path / "A1")
    said = find_phone().run(shell_line())
    assert said.status == 0
    assert state_of(shell_texts(said.stdout)) == here(tmp_path / "A1")


def test_what_is_absent_is_none(tmp_path: Path) -> None:
    state = here(tmp_path)
    assert state == MachineState()
    assert (state.hottest, state.clusters) == (None, {})
    (tmp_path / "sys" / "devices" / "system" / "cpu" / "cpu0" / "cpufreq").mkdir(parents=True)
    (tmp_path / "sys" / "devices" / "system" / "cpu" / "cpu0" / "cpufreq" / "scaling_cur_freq").write_text(
        "<unknown>\n"
    )
    assert here(tmp_path).cores[0].khz is None


def test_strangers_lines_are_no_harm() -> None:
    said = "\n".join(("hello", "/sys/class/thermal/thermal_zone0/temp=9" * 9, "=", "/sys/x" + "y" * 5000 + "=1"))
    assert state_of(shell_texts(said)).celsius is None


def test_throttle_counts_are_added_up() -> None:
    texts = {f"/sys/devices/system/cpu/cpu{n}/thermal_throttle/core_throttle_count": "3" for n in range(2)}
    assert state_of(texts).throttled == 6


@pytest.mark.parametrize(
    ("asked", "cores"), [("big", (4, 5)), ("little", (0, 1, 2, 3)), ("4-5", (4, 5)), ("0,2", (0, 2)), ("3", (3,))]
)
def test_cores_by_kind_or_number(tmp_path: Path, asked: str, cores: tuple[int, ...]) -> None:
    write_system(tmp_path)
    assert chosen_cores(asked, here(tmp_path), "adb:A1") == cores


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("middle", "adb:A1 has no middle cores"),
        ("fast", "neither a kind of core nor numbers"),
        ("5-4", "neither a kind of core nor numbers"),
        ("6", "adb:A1 has no core 6"),
        ("0-9999", "adb:A1 has no core 6"),
    ],
)
def test_cores_that_are_not_there(tmp_path: Path, asked: str, said: str) -> None:
    write_system(tmp_path)
    with pytest.raises(UsageError, match=said):
        chosen_cores(asked, here(tmp_path), "adb:A1")
    with pytest.raises(UsageError, match="does not say which of its cores are fast"):
        chosen_cores("big", MachineState(), "adb:A1")
