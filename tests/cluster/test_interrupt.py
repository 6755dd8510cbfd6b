"""The cluster that `--ray local` starts ends with the command, and leaves nothing."""

import re
import signal
import time
from pathlib import Path

import psutil
import pytest

from conftest import PATIENCE_SECONDS
from tests.matrix.conftest import FakeProject

CALL = "alpha/convert MixNet_S"


def test_nothing_is_left_after_an_interrupt(
    seen_by_machines: FakeProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    process = seen_by_machines.start("--models", "MixNet_S", "-t", "alpha", "--ray", "local", sleep=CALL)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while CALL not in seen_by_machines.called() and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.1)
    family = psutil.Process(process.pid).children(recursive=True)
    words = " ".join(word for one in family for word in one.cmdline())
    folders = {Path(found) for found in re.findall(r"/\S*?/edgekit-ray-\w+", words)}
    assert len(family) > 3 and len(folders) == 1
    assert any("gcs_server" in one.name() for one in family)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 130, said
    assert said.splitlines()[-1].startswith("edgekit: interrupted"), said
    assert not any(folder.exists() for folder in folders)
    _, left = psutil.wait_procs(family, timeout=PATIENCE_SECONDS)
    assert left == []
    assert list(home.iterdir()) == []
