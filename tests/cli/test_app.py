import json
import subprocess
import sys
from pathlib import Path

import pytest

import edgekit
from conftest import Edgekit
from edgekit.cli.app import run

HEAVY = [
    "numpy",
    "rich.table",
    "msgspec",
    "safetensors",
    "PIL",
    "psutil",
    "filelock",
    "urllib.request",
    "paddle",
    "onnx",
]


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    shown = capsys.readouterr().out
    for command in ("models", "convert", "verify", "doctor"):
        assert command in shown


def test_nothing_heavy_is_imported_at_start() -> None:
    """`--help` answers in a blink because nothing that takes long is imported; the timing is in benchmarks/."""
    code = "import sys, edgekit.cli.app; print(*[name for name in sys.argv[1:] if name in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code, *HEAVY], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == []


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"edgekit {edgekit.__version__}\n"


@pytest.mark.parametrize("command", ["models", "convert", "verify", "doctor"])
def test_every_command_has_help_and_json(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, "--help"]) == 0
    assert "--json" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [["conver"], ["convert"], ["models", "--nonsense"], ["convert", "X", "--batch", "0"]]
)
def test_usage_errors_have_status_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "Traceback" not in shown.err


def test_doctor_finds_what_is_here_and_says_what_the_rest_takes(
    cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["doctor", "--json"]) == 0
    findings = {one["name"]: one for one in json.loads(capsys.readouterr().out)["findings"]}
    assert findings["uv"]["status"] == "ready"
    assert str(cache) in findings["cache"]["detail"]
    tools = {name.split()[0] for name in findings}
    assert {"paddlepaddle", "paddle2onnx", "openvino", "ncnn", "paddlelite", "NVIDIA"} <= tools
    for finding in findings.values():
        assert finding["status"] in ("ready", "installable", "partly", "missing")
        assert finding["detail"]


def test_doctor_on_an_empty_cache_installs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setenv("EDGEKIT_CACHE", str(tmp_path / "empty"))
    assert run(["doctor", "--json"]) == 0
    findings = json.loads(capsys.readouterr().out)["findings"]
    paddle = next(one for one in findings if one["name"].startswith("paddlepaddle"))
    assert paddle["status"] == "installable"
    assert not (tmp_path / "empty").exists()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_offered(edgekit: Edgekit, shell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Without it Typer looks for a shell among the parents, and tests may have none.
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    answer = edgekit("--show-completion", shell)
    assert answer.returncode == 0
    assert "_EDGEKIT_COMPLETE" in answer.stdout or "edgekit" in answer.stdout


def test_a_closed_pipe_is_no_error(edgekit: Edgekit) -> None:
    code = f"{sys.executable} -m edgekit models --json | head -c 20"
    answer = subprocess.run(["bash", "-c", code], capture_output=True, text=True, check=False)
    assert "Traceback" not in answer.stderr
    assert "Error" not in answer.stderr
