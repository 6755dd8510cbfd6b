"""Runs the commands of a page as they stand, with an emulated processor in the place of phone and board."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from conftest import PATIENCE_SECONDS, ROOT, lacking
from edgekit.errors import AbsentError
from edgekit.native.architectures import find_architecture
from edgekit.native.compilers import find_compiler
from edgekit.native.proof import launcher
from runtime_tests.runners import openvino_folder
from tests.devices.fake_programs import environment

PHOTOS = ROOT / "edgekit" / "inputs" / "photos"
RUNNER = "./edgekit_runner"
ENDS = re.compile(r"\s*#\s*ends with (\d+)$")
EDGEKIT = [sys.executable, "-m", "edgekit"]


def commands_of(page: str) -> list[str]:
    """The lines of the shell blocks of a page, by its path below docs/."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return [line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]


def needs(*architectures: str) -> None:
    """Skip where programs for these cannot be built or run."""
    try:
        for name in architectures:
            find_compiler(find_architecture(name))
            launcher(find_architecture(name), "fp32")
    except AbsentError as error:
        lacking(str(error))


class Desk:
    """A folder as the checkout, and a board beside it; runs a line of a page. A context, which ends what it started."""

    def __init__(self, folder: Path, cache: Path, devices: bool = True) -> None:
        self.folder, self.board = folder / "checkout", folder / "board"
        self.cache, self.server = cache, ""
        self.start = launcher(find_architecture("aarch64"), "fp32") if devices else []
        self.started = ExitStack()
        self.board.mkdir()
        # The app's folder is written into: one of its own.
        (self.folder / "android_demo" / "app" / "src" / "main").mkdir(parents=True)
        for name in ("edgekit", "examples", "runtime"):
            (self.folder / name).symlink_to(ROOT / name)
        shutil.copy(PHOTOS / "cat.png", self.folder / "photo.png")
        fakes = environment(folder / "devices", FAKE_START=shlex.join(self.start))
        self.variables = {**os.environ, **fakes, "EDGEKIT_CACHE": str(cache)}

    def __enter__(self) -> "Desk":
        return self

    def __exit__(self, *_: object) -> None:
        self.started.close()

    def run(self, line: str) -> str:
        """What a line prints; it must end with 0, or with what its comment says."""
        expected = int(match[1]) if (match := ENDS.search(line)) else 0
        if "$OPENVINO" in line:
            line = line.replace("$OPENVINO", str(openvino_folder(self.cache).parent))
        words = shlex.split(ENDS.sub("", line))
        program, *rest = words
        if program == "edgekit" and rest[-1] == "&":
            return self.serves(rest[:-1])
        if program == "edgekit":
            return self.ends(EDGEKIT + rest, expected)
        if words[:3] == ["python3", "-m", "http.server"]:
            return self.served(rest)
        known: dict[str, Callable[[list[str]], str]] = {"scp": self.copy, "ssh": self.there, "uv": self.in_project}
        if self.server:
            words = [word.replace("http://127.0.0.1:8080", self.server) for word in words]
        return known[program](words[1:]) if program in known else self.ends(words, expected)

    def in_project(self, words: list[str]) -> str:
        """`uv run python SCRIPT ...`, or `uv run SCRIPT ...`, whose head asks for what is here."""
        assert words[0] == "run"
        script = words[2:] if words[1] == "python" else words[1:]
        assert script[0].endswith(".py")
        return self.ends([sys.executable, *script])

    def copy(self, words: list[str]) -> str:
        """`scp FILE board:PLACE`, or the other way round, or a folder with `-r`."""
        source, place = (self.place(word) for word in words[-2:])
        if words[0] == "-r":
            shutil.copytree(source, place)
        else:
            shutil.copy(source, place)
        return ""

    def place(self, word: str) -> Path:
        """A path here, or on the board."""
        host, colon, path = word.partition(":")
        assert not colon or host == "board"
        return self.board / path if colon else self.folder / word

    def there(self, words: list[str]) -> str:
        """`ssh board LINE`, the runner on the emulated processor."""
        host, line = words
        assert (host, RUNNER in line) == ("board", True)
        line = line.replace(RUNNER, f"{shlex.join(self.start)} {RUNNER}" if self.start else RUNNER)
        return self.ends(["sh", "-c", line], folder=self.board)

    def serves(self, words: list[str]) -> str:
        """`edgekit serve ... &`, on free ports; it goes on until the desk is left, and must then end with 0."""
        command = [*EDGEKIT, *words, "--http-port", "0", "--grpc-port", "0", "--json"]
        process = subprocess.Popen(
            command, cwd=self.folder, env=self.variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
        )
        self.started.callback(self.end, process)
        assert process.stdout is not None
        said = ""
        while not said.endswith("\n}\n"):
            line = process.stdout.readline()
            assert line, said
            said += line
        self.server = re.search(r'"http": "(http://[^"]+)"', said)[1]  # type: ignore[index]
        return said

    def end(self, process: subprocess.Popen[str]) -> None:
        """End a server as its page says."""
        process.terminate()
        process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == 0

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

    def ends(self, command: list[str], expected: int = 0, folder: Path | None = None) -> str:
        """What a command prints, which must end with that status."""
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
        assert answer.returncode == expected, f"{command}: {answer.stderr or answer.stdout}"
        return answer.stdout
