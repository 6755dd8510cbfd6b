"""The source distribution: its address from uv's lock, its content by the pin."""

import hashlib
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from edgekit.errors import AbsentError
from edgekit.native import source
from edgekit.native.plan import ncnn_pin
from edgekit.native.source import Pin, address_in, ensure_source, fetch

CONTENT = b"an archive"
PIN = Pin("tiny", "1.0", hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))


def lock(**archive: str) -> dict:
    return {"package": [{"name": "other", "version": "1.0"}, {"name": "tiny", "version": "1.0", "sdist": archive}]}


def test_the_version_that_runs_here_is_pinned() -> None:
    assert ncnn_pin().version == "1.0.20261020"
    assert len(ncnn_pin().sha256) == 64


def test_a_version_without_a_pin_is_absent() -> None:
    with pytest.raises(AbsentError, match=r"ncnn 2\.0 is not known"):
        source.pinned("ncnn", "2.0")


def test_the_address_in_the_lock() -> None:
    assert address_in(lock(url="https://example.org/tiny.tar.gz"), PIN) == "https://example.org/tiny.tar.gz"
    assert address_in(lock(path="/srv/tiny.tar.gz"), PIN) == "/srv/tiny.tar.gz"
    with pytest.raises(AbsentError, match=r"no source distribution of tiny 1\.0"):
        address_in({"package": [{"name": "tiny", "version": "1.0"}]}, PIN)


def test_from_a_folder(tmp_path: Path) -> None:
    (tmp_path / "tiny.tar.gz").write_bytes(CONTENT)
    assert fetch(PIN, str(tmp_path / "tiny.tar.gz")) == CONTENT
    assert fetch(PIN, f"file://{tmp_path}/tiny.tar.gz") == CONTENT


def test_another_content_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tiny.tar.gz").write_bytes(b"an Archive")
    with pytest.raises(AbsentError, match="another one than edgekit knows"):
        fetch(PIN, str(tmp_path / "tiny.tar.gz"))


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/tiny.tar.gz" else 404)
        self.end_headers()
        self.wfile.write(CONTENT)

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{made.server_port}"
        made.shutdown()


def test_from_a_server(server: str) -> None:
    assert fetch(PIN, f"{server}/tiny.tar.gz") == CONTENT
    with pytest.raises(AbsentError, match="could not be fetched"):
        fetch(PIN, f"{server}/gone.tar.gz")


def test_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tiny.tar.gz").write_bytes(CONTENT)
    asked: list[Pin] = []

    def address(pin: Pin, cache: Path) -> str:
        asked.append(pin)
        return str(tmp_path / "tiny.tar.gz")

    monkeypatch.setattr(source, "address", address)
    cache = tmp_path / "cache"
    first = ensure_source(PIN, cache, print)
    again = ensure_source(PIN, cache, print, offline=True)
    assert (first.sha256, first.path.read_bytes()) == (PIN.sha256, CONTENT)
    assert (again, len(asked)) == (first, 1)
    # What is not what was kept is fetched again.
    first.path.write_bytes(b"an Archive")
    assert ensure_source(PIN, cache, print).path.read_bytes() == CONTENT
    assert len(asked) == 2


def test_offline_says_so(tmp_path: Path) -> None:
    with pytest.raises(AbsentError, match="--offline forbids fetching it"):
        ensure_source(PIN, tmp_path, print, offline=True)


def test_another_pin_is_not_served_from_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tiny.tar.gz").write_bytes(CONTENT)
    monkeypatch.setattr(source, "address", lambda pin, cache: str(tmp_path / "tiny.tar.gz"))
    ensure_source(PIN, tmp_path / "cache", print)
    with pytest.raises(AbsentError, match="another one than edgekit knows"):
        ensure_source(replace(PIN, sha256="0" * 64), tmp_path / "cache", print)
