"""What is kept of each photo survives whatever ends a run."""

import hashlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from edgekit.evaluate.output_log import SUFFIX, OutputLog


def hashes(*names: str) -> list[bytes]:
    return [hashlib.sha256(name.encode()).digest() for name in names]


def test_values_come_back_bit_for_bit_in_any_order(tmp_path: Path) -> None:
    values = np.array([[1, 2, np.inf], [0.1, -3e-30, 5]], np.float32)
    log = OutputLog(tmp_path, 3)
    log.append(hashes("a", "b"), values)
    assert np.array_equal(log.values(hashes("b", "a")), values[::-1])
    log.close()
    again = OutputLog(tmp_path, 3)
    assert len(again) == 2 and hashes("c")[0] not in again
    again.append(hashes("c"), values[:1])
    assert np.array_equal(again.values(hashes("c", "b")), values)
    again.close()
    assert len(list(tmp_path.glob(f"*{SUFFIX}"))) == 2


def test_a_run_that_kept_nothing_leaves_nothing(tmp_path: Path) -> None:
    OutputLog(tmp_path, 3).close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("lost", [1, 20, 47])
def test_a_record_that_was_being_written_is_none(lost: int, tmp_path: Path) -> None:
    log = OutputLog(tmp_path, 3)
    log.append(hashes("a", "b"), np.ones((2, 3), np.float32))
    log.close()
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-lost])
    again = OutputLog(tmp_path, 3)
    assert hashes("a")[0] in again and hashes("b")[0] not in again
    again.close()


def test_a_damaged_record_is_none(tmp_path: Path) -> None:
    log = OutputLog(tmp_path, 3)
    log.append(hashes("a", "b"), np.ones((2, 3), np.float32))
    log.close()
    (path,) = tmp_path.iterdir()
    content = bytearray(path.read_bytes())
    content[-60] ^= 1
    path.write_bytes(content)
    again = OutputLog(tmp_path, 3)
    assert len(again) == 1
    again.close()


def test_what_is_no_log_of_this_width_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / f"x{SUFFIX}").write_bytes(b"edgekitO" + bytes(900))
    (tmp_path / f"y{SUFFIX}").symlink_to("/etc/passwd")
    log = OutputLog(tmp_path, 3)
    assert len(log) == 0
    log.close()


def test_threads_append_side_by_side(tmp_path: Path) -> None:
    log = OutputLog(tmp_path, 2)

    def append(number: int) -> None:
        for index in range(50):
            log.append(hashes(f"{number}-{index}"), np.array([[number, index]], np.float32))

    threads = [threading.Thread(target=append, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.close()
    again = OutputLog(tmp_path, 2)
    assert len(again) == 200
    assert again.values(hashes("3-49", "0-0")).tolist() == [[3, 49], [0, 0]]
    again.close()


def test_all_that_was_appended_survives_a_kill(tmp_path: Path) -> None:
    program = """
import hashlib, os, signal, sys
from pathlib import Path
import numpy as np
from edgekit.evaluate.output_log import OutputLog
log = OutputLog(Path(sys.argv[1]), 4)
for index in range(100):
    log.append([hashlib.sha256(str(index).encode()).digest()], np.full((1, 4), index, np.float32))
os.kill(os.getpid(), signal.SIGKILL)
"""
    ended = subprocess.run([sys.executable, "-c", program, tmp_path], env=os.environ, check=False)
    assert ended.returncode == -signal.SIGKILL
    log = OutputLog(tmp_path, 4)
    assert len(log) == 100
    assert log.values(hashes("99")).tolist() == [[99] * 4]
    log.close()


def test_what_is_no_file_is_left_alone(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / f"pipe{SUFFIX}")
    (tmp_path / f"folder{SUFFIX}").mkdir()
    (tmp_path / f"loop{SUFFIX}").symlink_to(f"loop{SUFFIX}")
    log = OutputLog(tmp_path, 3)
    assert len(log) == 0
    log.append(hashes("a"), np.ones((1, 3), np.float32))
    log.close()
    assert len(OutputLog(tmp_path, 3)) == 1
