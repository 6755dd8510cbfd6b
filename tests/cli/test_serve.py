"""What the flags of `edgekit serve` mean, and which artifacts it reads: those alone that it serves, once approved."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from edgekit.artifact.manifest import FileRecord
from edgekit.cli.app import run
from edgekit.serve import server
from edgekit.serve.served import Served
from edgekit.serve.settings import Settings
from edgekit.signing.keys import new_pair
from edgekit.toolchain.cores import usable_cores
from tests.serve.manifests import written


class Told:
    """What a server would have been started with."""

    models: Sequence[Served]
    settings: Settings


@pytest.fixture
def told(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Told:
    found = Told()

    def serve(models: Sequence[Served], settings: Settings, *_: Any) -> None:
        found.models, found.settings = models, settings

    monkeypatch.setattr(server, "serve", serve)
    return found


@pytest.fixture
def artifact(tmp_path: Path) -> str:
    return str(written(tmp_path / "out" / "M" / "onnx"))


def test_without_flags_a_server_is_this_machines(told: Told, artifact: str) -> None:
    assert run(["serve", artifact]) == 0
    assert told.settings == Settings(threads=usable_cores())
    assert (told.settings.host, told.settings.http_port, told.settings.grpc_port) == ("127.0.0.1", 8080, 8081)
    assert [one.title for one in told.models] == ["M onnx"]


def test_each_flag_reaches_the_server(told: Told, artifact: str, tmp_path: Path) -> None:
    flags = ["--no-grpc", "--no-batching", "--host", "0.0.0.0", "--http-port", "1", "--threads", "3"]
    flags += ["--max-batch", "5", "--queue", "6", "--max-request", "7", "--connections", "9", "--max-seconds", "10"]
    other = str(written(tmp_path / "other" / "onnx"))
    flags += ["--shadow", f"M:next={other}", "--shadow-share", "0.5", "--shadow-keep", str(tmp_path / "kept")]
    assert run(["serve", f"cats:2={artifact}", *flags]) == 0
    settings, limits = told.settings, told.settings.limits
    assert (settings.grpc_port, settings.batching) == (None, False)
    assert (settings.host, settings.http_port, settings.threads) == ("0.0.0.0", 1, 3)
    assert (limits.max_batch, limits.queue, limits.request_bytes) == (5, 6, 7 << 20)
    assert (limits.connections, limits.answer_seconds) == (9, 10)
    assert settings.shadow is not None
    assert (settings.shadow.second.title, settings.shadow.share) == ("M next", 0.5)
    assert settings.shadow.folder == tmp_path / "kept"
    assert [one.title for one in told.models] == ["cats 2"]


def test_a_shadow_has_a_name_of_its_own(cache: Path, artifact: str, tmp_path: Path, capsys) -> None:
    """Of one name, it would be counted as the model that it follows."""
    other = written(tmp_path / "other" / "onnx")
    assert run(["serve", artifact, "--shadow", str(other)]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert f"would both be M onnx. Give one of them a version: M:2={other}." in said


COMMANDS = {
    "serve": ["serve"],
    "export-serving": ["export-serving", "--for", "triton"],
    "predict": ["predict"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_of_what_is_not_signed_no_file_is_read(told: Told, artifact: str, tmp_path: Path, capsys, command: str) -> None:
    """Whose file was changed besides: that is not found out."""
    (Path(artifact) / "M.onnx").write_bytes(b"strange")
    _, public = new_pair(tmp_path / "builder", None)
    name, *flags = COMMANDS[command]
    photos = [str(tmp_path)] if command == "predict" else []
    assert run([name, artifact, *photos, *flags, "--require-signed", str(public)]) == 2
    assert "onnx is not signed" in " ".join(capsys.readouterr().err.split())
    assert run([name, artifact, *photos, *flags]) == 2
    assert "has been changed: its SHA-256 is" in " ".join(capsys.readouterr().err.split())


def test_what_is_not_chosen_is_not_read(told: Told, artifact: str, tmp_path: Path) -> None:
    absent = {f"M.{end}": FileRecord("3" * 64, 1, f"model.{end}") for end in ("bin", "xml")}
    written(tmp_path / "out" / "M" / "openvino", target="openvino", files=absent)
    assert run(["serve", "M", "--target", "onnx", "--out", str(tmp_path / "out")]) == 0
    assert [one.title for one in told.models] == ["M onnx"]


def test_a_model_is_named_before_the_sign(told: Told, artifact: str, tmp_path: Path) -> None:
    odd = written(tmp_path / "a=b" / "onnx")
    assert run(["serve", str(odd), f"cats={artifact}"]) == 0
    assert [one.title for one in told.models] == ["M onnx", "cats onnx"]
