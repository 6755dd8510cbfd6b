"""What an emulated machine needs: refused in one sentence where it is not to be had."""

import subprocess

import pytest

from edgekit.bundled import bundled_folder
from edgekit.devices import emulation, system_root
from edgekit.devices.emulation import emulated_python, seen_files
from edgekit.devices.examine import emulated_targets, examine_machines
from edgekit.devices.machine import known_machines
from edgekit.devices.packages import ensure_packages, installation, packages_folder
from edgekit.devices.processors import AARCH64, ARMV7
from edgekit.devices.system_root import ensure_system
from edgekit.errors import AbsentError, UsageError
from edgekit.toolchain.script import read_requirements

MACHINE, OLD = (known_machines()[name] for name in ("aarch64:cortex-a53", "armv7:cortex-a7"))


def requirements(folder):
    return read_requirements(bundled_folder("converters") / folder / "environment.py")


def test_without_the_emulator_it_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(emulation.shutil, "which", lambda _: None)
    with pytest.raises(AbsentError, match=r"qemu-aarch64-static, which is not here\. Install it: `apt-get install"):
        emulated_python(MACHINE, requirements("ncnn"), tmp_path, print)
    found = {one.name: one for one in examine_machines(tmp_path)}
    assert found["host"].status == "ready"
    assert found[MACHINE.name].status == "missing"
    assert "apt-get install qemu-user-static" in found[MACHINE.name].detail


def test_a_toolchain_without_a_runtime_for_it_is_refused(tmp_path):
    with pytest.raises(UsageError, match="paddlelite does not run on aarch64:cortex-a53"):
        emulated_python(MACHINE, requirements("lite"), tmp_path, print)


def test_offline_fetches_nothing(tmp_path):
    with pytest.raises(AbsentError, match=r"--offline forbids fetching them\. Run `edgekit device setup aarch64`"):
        ensure_system(AARCH64, tmp_path, print, offline=True)


def test_without_apt_the_way_out_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(system_root.shutil, "which", lambda name: None if name == "apt-get" else name)
    with pytest.raises(AbsentError, match="Debian's packages, and apt-get is not here"):
        ensure_system(AARCH64, tmp_path, print)
    assert not any(path.is_dir() for path in (tmp_path / "devices" / "aarch64").iterdir())


@pytest.mark.needs("apt-get", "dpkg-deb")
def test_packages_that_are_not_to_be_had_leave_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(system_root, "PACKAGES", ("no-such-package-of-edgekit",))
    with pytest.raises(AbsentError, match=r"packages for arm64 could not be had: .*no-such-package-of-edgekit"):
        ensure_system(AARCH64, tmp_path, print)
    assert not any(path.is_dir() for path in (tmp_path / "devices" / "aarch64").iterdir())


def test_programs_see_the_emulated_processor(tmp_path):
    system = tmp_path / "system"
    (system / "usr" / "bin").mkdir(parents=True)
    (system / "usr" / "bin" / "python3.11").touch()
    (system / "lib").mkdir()
    seen = seen_files(MACHINE, system)
    assert (seen / "usr" / "bin" / "python3.11").exists()
    assert (seen / "lib").is_symlink()
    assert "0xd03" in (seen / "proc" / "cpuinfo").read_text()
    midr = seen / "sys/devices/system/cpu/cpu1/regs/identification/midr_el1"
    assert midr.read_text() == "0x00000000410fd034\n"
    assert seen_files(MACHINE, system) == seen


def test_runners_get_their_pinned_packages_alone():
    found = emulated_targets(MACHINE)
    assert sorted(found) == ["mnn", "ncnn", "onnx", "openvino", "tflite"]
    for name, needed in found.items():
        assert set(needed.runtime) < set(needed.dependencies), name
        assert needed.runtime[0].split("==")[0] in ("mnn", "ncnn", "onnxruntime", "openvino", "ai-edge-litert")


def test_what_the_index_has_not_built_for_an_architecture_comes_from_debian(tmp_path):
    assert sorted(emulated_targets(OLD)) == ["ncnn"]
    needed = requirements("ncnn")
    assert [pin.split("==")[0] for pin in AARCH64.fetched(needed.runtime)] == ["ncnn", "numpy", "safetensors"]
    assert [pin.split("==")[0] for pin in ARMV7.fetched(needed.runtime)] == ["ncnn", "safetensors"]
    assert installation(AARCH64, "3.11", tmp_path)[-2:] == ["--python-platform", "aarch64-manylinux_2_36"]
    words = installation(ARMV7, "3.11", tmp_path)
    assert words[:2] == ["tool", "run"]  # uv knows no platform of that name
    assert "manylinux_2_31_armv7l" in words
    assert packages_folder(needed, ARMV7, "3.11", tmp_path) != packages_folder(needed, AARCH64, "3.11", tmp_path)


def test_offline_pip_fetches_nothing_either(tmp_path):
    with pytest.raises(AbsentError, match=r"ncnn .* for armv7 is not here, and --offline forbids fetching it\. Run"):
        ensure_packages(requirements("ncnn"), ARMV7, "3.11", tmp_path, print, offline=True)


def apt(monkeypatch, failing):
    """An apt that fails at some of its commands; returns the list that gets them."""
    asked = []

    def run(command, *_, **__):
        word = next(one for one in command if one in ("update", "install"))
        asked.append(word)
        failed = word in failing
        return subprocess.CompletedProcess(command, int(failed), "", f"E: {word} failed" if failed else "")

    monkeypatch.setattr(system_root, "run_command", run)
    return asked


def test_a_mirror_that_lacks_one_list_does_not_stop_the_rest(tmp_path, monkeypatch):
    asked = apt(monkeypatch, ["update"])
    assert system_root.download(ARMV7, tmp_path) == []
    assert asked == ["update", "install"]


def test_where_the_packages_are_not_to_be_had_the_lists_are_blamed_first(tmp_path, monkeypatch):
    apt(monkeypatch, ["update", "install"])
    with pytest.raises(AbsentError, match="packages for armhf could not be had: E: update failed"):
        system_root.download(ARMV7, tmp_path)
