"""Workers are confined on this machine, by its own kernel; and what is said where a kernel cannot."""

import os
import shutil
import sys
from pathlib import Path

import msgspec
import pytest

from edgekit.doctor import find_confinement
from edgekit.errors import ConversionError
from edgekit.filesystem.hashing import file_sha256
from edgekit.pipeline.execute import Executor
from edgekit.pipeline.stage import SourceFile, Stage
from edgekit.pipeline.store import StageStore
from edgekit.toolchain import confinement
from edgekit.toolchain.confinement import UNCONFINED, Trial, shortcomings, try_confinement
from edgekit.toolchain.worker import Toolchain

CONFINED = Trial(7, "seccomp", writes=True, writes_elsewhere=False, sockets=False, tcp=False)


@pytest.fixture
def confined() -> None:
    """Skips where this kernel does not confine workers wholly."""
    trial = try_confinement()
    lacks = [trial] if isinstance(trial, str) else shortcomings(trial)
    if lacks:
        pytest.skip(f"workers are not wholly confined on this machine: {'; '.join(lacks)}")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder of the user's."""
    folder = tmp_path / "elsewhere"
    (folder / "folder").mkdir(parents=True)
    (folder / "file").write_text("years of work")
    return folder


@pytest.fixture
def tried(fake_worker: Path, cache: Path, tmp_path: Path, elsewhere: Path):
    """What the worker `intruder.py` could do."""

    def run(home: Path) -> dict[str, str]:
        shutil.copy(Path(__file__).with_name("intruder.py"), fake_worker / "fake" / "work.py")
        scratch = tmp_path / "scratch"
        (scratch / "output").mkdir(parents=True)
        options = {"elsewhere": str(elsewhere), "home": str(home)}
        return Toolchain(cache).run("fake/work.py", {}, scratch / "output", options, scratch=scratch).details

    return run


def test_a_worker_can_write_nowhere_else_and_has_no_network(confined: None, tried, elsewhere: Path) -> None:
    done = tried(Path.home())
    assert {name for name, outcome in done.items() if outcome == "done"} == {
        name for name in done if name.startswith("own: ")
    }
    assert {outcome for name, outcome in done.items() if not name.startswith("own: ")} <= {"PermissionError", "OSError"}
    assert len(done) == 33
    assert sorted(path.name for path in elsewhere.iterdir()) == ["file", "folder"]
    assert (elsewhere / "file").read_text() == "years of work"


def test_who_asks_for_it_has_workers_as_free_as_before(tried, unconfined: None, elsewhere: Path) -> None:
    done = tried(elsewhere)
    assert done["write"] == done["tcp"] == done["unix"] == "done"
    assert (elsewhere / "new").exists()
    Path("/tmp/.edgekit-intruder").unlink()
    Path("/dev/shm/.edgekit-intruder").unlink(missing_ok=True)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux confines workers")
def test_a_worker_that_cannot_be_confined_does_not_run(fake_worker: Path, cache: Path, tmp_path: Path) -> None:
    (tmp_path / "scratch").mkdir()
    with pytest.raises(ConversionError, match="this worker could not be confined: FileNotFoundError"):
        Toolchain(cache).run("fake/work.py", {}, tmp_path / "absent", {}, scratch=tmp_path / "scratch")
    assert not (tmp_path / "scratch" / "result.json").exists()


def test_a_workers_modules_are_compiled_though_it_cannot_do_it_itself(
    fake_worker: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    (fake_worker / "fake" / "helper.py").write_text("VALUE = 1\n")
    (tmp_path / "scratch" / "output").mkdir(parents=True)
    output = tmp_path / "scratch" / "output"
    Toolchain(cache).run("fake/work.py", {}, output, {}, scratch=output.parent)
    compiled = fake_worker / "fake" / "__pycache__"
    assert len(list(compiled.glob("helper.*.pyc"))) == 1


@pytest.mark.parametrize(
    ("trial", "said"),
    [
        (CONFINED, []),
        (msgspec.structs.replace(CONFINED, landlock_abi=0, writes_elsewhere=True), ["workers may write wherever"]),
        (msgspec.structs.replace(CONFINED, landlock_abi=2), ["a worker could empty files elsewhere"]),
        (msgspec.structs.replace(CONFINED, network="Landlock", sockets=True), ["sockets other than TCP's"]),
        (msgspec.structs.replace(CONFINED, network="", sockets=True, tcp=True), ["workers may use the network"]),
        (
            Trial(0, "", writes=True, writes_elsewhere=True, sockets=True, tcp=True),
            ["workers may write wherever", "workers may use the network"],
        ),
    ],
)
def test_doctor_says_what_a_kernel_does_not_do(trial: Trial, said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgekit.doctor.try_confinement", lambda: trial)
    found = find_confinement()
    parts = shortcomings(trial)
    assert len(parts) == len(said)
    assert all(words in part for words, part in zip(said, parts, strict=True))
    assert found.status == ("ready" if not said else "missing" if len(said) == 2 else "partly")
    assert all(part in found.detail for part in parts)


def test_doctor_says_where_there_is_nothing_to_confine_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confinement.sys, "platform", "darwin")
    found = find_confinement()
    assert (found.status, "only Linux" in found.detail) == ("missing", True)
    monkeypatch.setenv(UNCONFINED, "1")
    assert "EDGEKIT_UNCONFINED is set" in find_confinement().detail


LEAVE = """# /// script
# requires-python = ">=3.10"
# dependencies = ["six==1.17.0"]
# ///
import os, sys
from pathlib import Path
from edgeworker.protocol import Request, main

def job(request):
    {body}
    return {{}}

main(job, ["six"])
"""


@pytest.fixture
def leave(fake_worker: Path, cache: Path, tmp_path: Path):
    """Runs a worker of one line, with a file for its input; returns its output folder."""

    def run(body: str) -> Path:
        script = fake_worker / "fake" / "work.py"
        script.write_text(LEAVE.format(body=body))
        output = tmp_path / "scratch" / "output"
        output.mkdir(parents=True)
        given = tmp_path / "given.bin"
        given.write_text("given")
        Toolchain(cache).run("fake/work.py", {"given": given}, output, {}, scratch=output.parent)
        return output

    return run


def test_a_link_to_an_input_becomes_the_file(leave) -> None:
    output = leave("(request.output / 'same.bin').symlink_to(request.inputs['given'])")
    assert not (output / "same.bin").is_symlink()
    assert (output / "same.bin").read_text() == "given"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("(request.output / 'stage.json').symlink_to(Path.home() / 'x')", "left stage.json, a link out of its folder"),
        ("(request.output / 'worker.log').symlink_to('/etc/passwd')", "left worker.log, a link out of its folder"),
        ("(request.output / 'deep').mkdir(); (request.output / 'deep' / 'x').symlink_to('/')", "left x, a link"),
        ("os.mkfifo(request.output / 'pipe')", "left pipe, which is no file"),
        ("Path('worker.log').unlink(); os.mkfifo('worker.log')", "put something else in the place of its log"),
        ("Path('result.json').mkdir()", "no result"),
        ("os.mkfifo('result.json'); os._exit(0)", "ended with status 0 and no result"),
        ("Path('result.json').write_text('{'); os._exit(0)", "left a result that cannot be read"),
        ("Path('result.json').write_text('[' * 100000); os._exit(0)", "left a result that cannot be read"),
        ("Path('result.json').write_text('{\"status\": 1}'); os._exit(0)", "left a result that cannot be read"),
        ("os.truncate(os.open('result.json', os.O_CREAT | os.O_RDWR), 65 << 20); os._exit(0)", "larger than 64 MiB"),
    ],
)
def test_what_is_no_file_is_not_taken_from_a_worker(leave, body: str, said: str) -> None:
    with pytest.raises(ConversionError, match=said):
        leave(body)


def test_a_record_never_lands_in_an_input(fake_worker: Path, cache: Path, tmp_path: Path) -> None:
    """A worker may say that its `stage.json` is its input, whose other name edgekit puts there."""
    given = tmp_path / "given.bin"
    given.write_text('"years of work"')
    body = "[(request.output / name).symlink_to(request.inputs['given']) for name in ('stage.json', 'worker.log')]"
    (fake_worker / "fake" / "work.py").write_text(LEAVE.format(body=body))
    made = Stage("fake/work.py", "test", {"given": SourceFile(given, file_sha256(given))})
    store = StageStore(cache / "stages")
    assert Executor(store, Toolchain(cache)).run([made]).result(made).key == made.key
    assert given.read_text() == '"years of work"'
    assert store.find(made) is not None


def test_the_module_of_unified_memory_is_loaded_before_a_gpu_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    helper = tmp_path / "nvidia-modprobe"
    helper.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/said\n')
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    confinement.load_unified_memory.cache_clear()
    confinement.confinement(tmp_path / "work.py", tmp_path, tmp_path, gpu=False)
    assert not (tmp_path / "said").exists()
    confinement.confinement(tmp_path / "work.py", tmp_path, tmp_path, gpu=True)
    assert (tmp_path / "said").read_text() == "-u -c=0\n"
    confinement.load_unified_memory.cache_clear()
