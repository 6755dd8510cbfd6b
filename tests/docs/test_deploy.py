"""The commands of docs/deploy.md are run as they stand, with an emulated processor in the place of phone and board."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import PATIENCE_SECONDS, ROOT
from edgekit.errors import AbsentError
from edgekit.native.architectures import find_architecture
from edgekit.native.compilers import find_compiler
from edgekit.native.proof import launcher
from runtime_tests.runners import openvino_folder
from tests.devices.fake_programs import environment

PAGE = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
RUNNER = "./edgekit_runner"


class Desk:
    """A folder as the checkout, and a board beside it; runs a line of the page."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self.folder, self.board = folder / "checkout", folder / "board"
        self.start = launcher(find_architecture("aarch64"), "fp32")
        self.folder.mkdir()
        self.board.mkdir()
        for name in ("edgekit", "examples", "runtime"):
            (self.folder / name).symlink_to(ROOT / name)
        shutil.copy(ROOT / "edgekit" / "inputs" / "photos" / "cat.png", self.folder / "photo.png")
        fakes = environment(folder / "devices", FAKE_START=shlex.join(self.start))
        openvino = str(openvino_folder(cache).parent)
        self.variables = {**os.environ, **fakes, "EDGEKIT_CACHE": str(cache), "OPENVINO": openvino}

    def run(self, line: str) -> str:
        """What a line prints; it must end with 0."""
        words = shlex.split(line.replace("$OPENVINO", self.variables["OPENVINO"]))
        known: dict[str, Callable[[list[str]], str]] = {"scp": self.copy, "ssh": self.there, "uv": self.in_project}
        program, *rest = words
        if program == "edgekit":
            return self.ends_well([sys.executable, "-m", "edgekit", *rest])
        if words[:3] == ["python3", "-m", "http.server"]:
            return self.served(rest)
        return known[program](rest) if program in known else self.ends_well(words)

    def in_project(self, words: list[str]) -> str:
        """`uv run python ...`."""
        assert words[:2] == ["run", "python"]
        return self.ends_well([sys.executable, *words[2:]])

    def copy(self, words: list[str]) -> str:
        """`scp FILE board:PLACE`, or a folder with `-r`."""
        source, (host, place) = self.folder / words[-2], words[-1].split(":")
        assert host == "board"
        if words[0] == "-r":
            shutil.copytree(source, self.board / place)
        else:
            shutil.copy(source, self.board / place)
        return ""

    def there(self, words: list[str]) -> str:
        """`ssh board LINE`, the runner on the emulated processor."""
        host, line = words
        assert (host, RUNNER in line) == ("board", True)
        line = line.replace(RUNNER, f"{shlex.join(self.start)} {RUNNER}" if self.start else RUNNER)
        return self.ends_well(["sh", "-c", line], self.board)

    def served(self, words: list[str]) -> str:
        """What the server gives, on a port that is free."""
        command = [sys.executable, "-u", *words, "--bind", "127.0.0.1", "0"]
        with subprocess.Popen(
            command, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as one:
            assert one.stdout is not None
            try:
                port = int(re.search(r"port (\d+)", one.stdout.readline())[1])  # type: ignore[index]
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=60) as answer:
                    return answer.read().decode()
            finally:
                one.terminate()

    def ends_well(self, command: list[str], folder: Path | None = None) -> str:
        answer = subprocess.run(
            command,
            cwd=folder or self.folder,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        assert answer.returncode == 0, f"{command}: {answer.stderr or answer.stdout}"
        return answer.stdout


@pytest.mark.toolchain
def test_the_commands_work_in_order(session_cache: Path, tmp_path: Path) -> None:
    try:
        for name in ("aarch64", "wasm"):
            find_compiler(find_architecture(name))
            launcher(find_architecture(name), "fp32")
    except AbsentError as error:
        pytest.skip(str(error))
    if shutil.which("cmake") is None or shutil.which("c++") is None:
        pytest.skip("cmake and a C++ compiler are not here (Debian: apt-get install cmake g++)")
    desk = Desk(tmp_path, session_cache)
    said = {line: desk.run(line) for line in COMMANDS}
    tested = [text for line, text in said.items() if "--self-test" in line]
    assert len(tested) == 2
    assert all('"passed": true' in text for text in tested)
    named = [text for line, text in said.items() if line.startswith("ssh") and "--top" in line]
    assert '"label": "frog"' in named[0].split("}")[0]
    assert said["build/name_a_photo/name_a_photo artifacts/MixNet_S/openvino photo.png"].split()[2] == "frog"
    assert "What is on the photo?" in said["python3 -m http.server --directory page"]
    for device in ("adb", "ssh:board"):
        assert "passed" in said[f"edgekit verify artifacts/MixNet_S/ncnn --device {device}"]
