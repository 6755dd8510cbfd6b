"""The commands of the guides to a phone, a board and a server, and of docs/deploy.md, are run as they stand."""

import json
import shutil
from pathlib import Path

import pytest

from conftest import lacking
from edgekit.filesystem.hashing import file_sha256
from tests.docs.desk import Desk, commands_of, needs

pytestmark = pytest.mark.toolchain


def said_by(desk: Desk, page: str) -> dict[str, str]:
    """What each line of a page prints."""
    return {line: desk.run(line) for line in commands_of(page)}


def test_to_a_phone(session_cache: Path, tmp_path: Path) -> None:
    """What the app would share is written by the runner on the emulated processor."""
    needs("aarch64")
    judging = "edgekit verify --from-device report.zip"
    with Desk(tmp_path, session_cache) as desk:
        said = {}
        for line in commands_of("guides/phone.md"):
            if line == judging:
                shared_by_a_phone(desk)
            said[line] = desk.run(line)
        exported = desk.folder / "android_demo" / "app" / "src" / "main" / "assets" / "models"
        index = json.loads((exported / "index.json").read_text())
        record = json.loads((desk.folder / "phone.json").read_text())
    assert "adb:A1" in said["edgekit devices"]
    assert "passed" in said["edgekit verify artifacts/MixNet_S/ncnn --device adb"]
    assert {one["target"] for one in index["models"]} == {"ncnn", "lite"}
    assert (exported / "MixNet_S" / "lite" / "MixNet_S.arm.nb").is_file()
    (row,) = record["rows"]
    assert (row["machine"], row["latency"]["p50_ms"] > 0) == ("adb:A1", True)
    assert "passed" in said[judging]
    assert "failed" not in said[judging]


def shared_by_a_phone(desk: Desk) -> None:
    """Lay a device's report where the guide has it."""
    desk.run("edgekit package MixNet_S --arch aarch64")
    desk.run("scp -r packages/MixNet_S/ncnn-aarch64 board:model")
    desk.run("scp photo.png board:model")
    desk.run('ssh board "cd model && ./edgekit_runner --report report . photo.png"')
    shutil.make_archive(str(desk.folder / "report"), "zip", desk.board / "model" / "report")


def test_to_a_board(session_cache: Path, tmp_path: Path) -> None:
    needs("aarch64")
    with Desk(tmp_path, session_cache) as desk:
        said = said_by(desk, "guides/board.md")
        record = json.loads((desk.folder / "board.json").read_text())
    (tested,) = (text for line, text in said.items() if "--self-test" in line)
    assert '"passed": true' in tested
    (named,) = (text for line, text in said.items() if "--top" in line)
    assert '"label": "frog"' in named.split("}")[0]
    assert "passed" in said["edgekit verify artifacts/MixNet_S/ncnn --device ssh:board"]
    assert record["rows"][0]["machine"] == "ssh:board"
    judged = said["edgekit verify --from-device report.zip artifacts/MixNet_S/ncnn"]
    assert "passed" in judged
    assert "failed" not in judged


def test_to_a_server(session_cache: Path, tmp_path: Path) -> None:
    for program in ("cmake", "c++", "curl"):
        if shutil.which(program) is None:
            lacking(f"{program} is not here (Debian: apt-get install cmake g++ curl)")
    with Desk(tmp_path, session_cache, devices=False) as desk:
        said = said_by(desk, "guides/server.md")
        artifact = desk.folder / "artifacts" / "MixNet_S" / "onnx" / "MixNet_S.onnx"
        served = desk.folder / "serving" / "MixNet_S-triton" / "models" / "MixNet_S" / "1" / "model.onnx"
        assert file_sha256(served) == file_sha256(artifact)
    (named,) = (text for line, text in said.items() if "name_a_photo.py" in line)
    assert named.split()[2] == "frog"
    (compiled,) = (text for line, text in said.items() if line.startswith("build/"))
    assert compiled.split()[2] == "frog"
    # Two programs in two runtimes: the same probability, as they print it.
    assert compiled.splitlines()[0] == named.splitlines()[0]


def test_into_a_browser(session_cache: Path, tmp_path: Path) -> None:
    needs("wasm")
    with Desk(tmp_path, session_cache, devices=False) as desk:
        said = said_by(desk, "deploy.md")
    (tested,) = (text for line, text in said.items() if "--self-test" in line)
    assert '"passed": true' in tested
    assert "What is on the photo?" in said["python3 -m http.server --directory page"]
