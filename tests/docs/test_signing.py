"""The commands of docs/signing.md are run as they stand."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT

PAGE = (ROOT / "docs" / "signing.md").read_text(encoding="utf-8")
(BLOCK,) = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.needs("minisign")
@pytest.mark.toolchain
def test_the_commands_work_in_order(session_cache: Path, tmp_path: Path) -> None:
    shutil.copy(ROOT / "edgekit" / "inputs" / "photos" / "cat.png", tmp_path / "photo.png")
    said = []
    for line in BLOCK.splitlines():
        program, *arguments = shlex.split(line)
        command = [sys.executable, "-m", "edgekit"] if program == "edgekit" else [program]
        answer = subprocess.run(
            [*command, *arguments],
            cwd=tmp_path,
            env={**os.environ, "EDGEKIT_CACHE": str(session_cache)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        assert answer.returncode == 0, f"{line}: {answer.stderr}"
        said.append(answer.stdout)
    assert "artifact:MixNet_S/onnx-fp32 line 3" in said[3]
    assert "passed" in said[4]
    assert "Its manifest stays as it is." in said[4]
