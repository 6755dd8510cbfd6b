"""`--device`: the same words and errors wherever it is taken."""

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from edgekit.cli.app import app, run
from edgekit.cli.device_flag import ON_DEVICES, REACHED, chosen_machine, chosen_machines, device_words
from edgekit.cli.usual_command import USUAL
from edgekit.errors import UsageError

SMALL = "aarch64:cortex-a53"
COMMANDS = [
    ("verify",),
    ("convert", "MixNet_S", "--target", "ncnn", "--verify"),
    ("bench", "MixNet_S", "--target", "ncnn"),
    ("diagnose", "MixNet_S", "--target", "ncnn"),
    ("predict", "MixNet_S", "photo.png"),
    ("evaluate", "MixNet_S", "--data", "photos"),
    ("report", "MixNet_S"),
    ("matrix", "--models", "MixNet_S"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_an_unknown_machine_is_one_sentence_with_the_list(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str], cache: object
) -> None:
    assert run([*command, "--device", "nexus"]) == 2
    said = capsys.readouterr().err
    assert f"there is no device nexus. Devices are host, {SMALL}" in said


@pytest.mark.parametrize(
    "command", [one for one in COMMANDS if one[0] in ("diagnose", "predict", "evaluate")], ids=lambda one: one[0]
)
def test_a_command_that_asks_one_machine_refuses_two(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str], cache: object
) -> None:
    assert run([*command, "--device", f"host,{SMALL}"]) == 2
    assert f"--device host,{SMALL} names 2 machines. Name one of them" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command", [one for one in COMMANDS if one[0] in ("diagnose", "matrix")], ids=lambda one: one[0]
)
@pytest.mark.parametrize("device", ["adb", "ssh:board", f"{SMALL},ADB:A1"])
def test_a_command_that_needs_python_there_refuses_devices(
    command: tuple[str, ...], device: str, capsys: pytest.CaptureFixture[str], cache: object
) -> None:
    assert run([*command, "--device", device]) == 2
    said = f"this command runs nothing on {device.split(',')[-1]}. {ON_DEVICES} do; `edgekit devices`"
    assert said in capsys.readouterr().err


def test_the_commands_named_there_are_those_that_reach_devices() -> None:
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    usual = {name: getattr(one, "commands", {}).get(USUAL, one) for name, one in group.commands.items()}
    flags = {name: flag for name, one in usual.items() for flag in one.params if "--device" in flag.opts}
    reach = {name for name, flag in flags.items() if REACHED in flag.help}
    assert set(ON_DEVICES.replace(" and ", ", ").replace("convert --verify", "convert").split(", ")) == reach


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ("--tune", "--tune times what runs on this machine, and no other. Leave --device out"),
        ("--rewrites", f"--rewrites times, and what {SMALL} takes is the emulator's. Name a phone or a board"),
    ],
)
def test_what_an_emulator_cannot_tell_is_refused(
    flag: str, said: str, capsys: pytest.CaptureFixture[str], cache: object
) -> None:
    assert run(["bench", "MixNet_S", "--target", "ncnn", flag, "--device", SMALL]) == 2
    assert said in " ".join(capsys.readouterr().err.split())


def test_a_wrong_name_is_said_before_a_device_is_asked(capsys: pytest.CaptureFixture[str], cache: object) -> None:
    assert run(["verify", "--device", "adb:A1,nexus"]) == 2
    assert "there is no device nexus" in capsys.readouterr().err


def test_where_to_verify_means_nothing_without_verification(capsys: pytest.CaptureFixture[str], cache: object) -> None:
    assert run(["convert", "MixNet_S", "--target", "ncnn", "--device", SMALL]) == 2
    assert "--device says where to verify, and nothing is verified. Add --verify" in capsys.readouterr().err


def test_a_machine_is_named_as_it_is_typed() -> None:
    machine = chosen_machine("aarch64")
    assert machine is not None
    assert device_words(machine) == ["--device", SMALL]
    assert device_words(chosen_machine("host")) == []
    assert chosen_machines("host,aarch64") == [None, machine]
    with pytest.raises(UsageError, match="no device is named"):
        chosen_machine(",")
