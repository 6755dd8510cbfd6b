"""Folders for the length of a command: none outlives the next command, whatever ended the one before."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from edgekit.filesystem.scratch import FOLDER, working_folder

HOLDER = """
import sys, time
from pathlib import Path
from edgekit.filesystem.scratch import working_folder
with working_folder(Path(sys.argv[1])) as folder:
    (folder / "photo").write_text("private")
    print(folder, flush=True)
    time.sleep(7200)
"""


def left(cache: Path) -> list[str]:
    return sorted(path.name for path in (cache / FOLDER).iterdir())


def test_a_folder_is_gone_at_the_end(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), working_folder(tmp_path) as folder:
        (folder / "photo").touch()
        raise ZeroDivisionError
    assert left(tmp_path) == []


def test_what_a_killed_run_left_goes_with_the_next_and_what_is_in_use_stays(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    killed, alive = (subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2))
    assert killed.stdout is not None
    assert alive.stdout is not None
    places = [Path(process.stdout.readline().strip()) for process in (killed, alive)]  # type: ignore[union-attr]
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert (places[0] / "photo").exists()
    with working_folder(tmp_path):
        assert not places[0].exists()
        assert (places[1] / "photo").read_text() == "private"
    alive.kill()
    alive.wait()
    with working_folder(tmp_path):
        assert not places[1].exists()
    assert left(tmp_path) == []
