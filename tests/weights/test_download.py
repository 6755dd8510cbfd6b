"""Downloads against a local server that behaves as badly as real ones."""

import http.server
import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest

from edgekit.errors import AbsentError, ConversionError, EdgekitError
from edgekit.weights import download as download_module
from edgekit.weights.download import download

BODY = bytes(range(256)) * 4000  # about 1 MB: several blocks
Handler = http.server.BaseHTTPRequestHandler


@dataclass
class Server:
    """Answers each request with the next of `behaviours`, the last one for ever; notes the headers it got."""

    url: str
    behaviours: list[Callable[[Handler], None]]
    ranges: list[str | None] = field(default_factory=list)


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Server]]:
    monkeypatch.setattr(download_module, "SCHEMES", ("https", "http"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    running: list[http.server.ThreadingHTTPServer] = []

    def start(*behaviours: Callable[[Handler], None]) -> Server:
        server = Server("", list(behaviours))

        class Behaving(Handler):
            def do_GET(self) -> None:
                server.ranges.append(self.headers.get("Range"))
                server.behaviours[min(len(server.ranges), len(server.behaviours)) - 1](self)

            def log_message(self, format: str, *args: object) -> None: ...

        listening = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Behaving)
        threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        running.append(listening)
        server.url = f"http://127.0.0.1:{listening.server_port}/model.pdparams"
        return server

    yield start
    for listening in running:
        listening.shutdown()
        listening.server_close()


def answer(
    request: Handler,
    body: bytes,
    status: int = 200,
    length: int | None = None,
    etag: str | None = '"one"',
    **more: str,
) -> None:
    request.send_response(status)
    request.send_header("Content-Length", str(len(body) if length is None else length))
    if etag:
        request.send_header("ETag", etag)
    for name, value in more.items():
        request.send_header(name.replace("_", "-"), value)
    request.end_headers()
    request.wfile.write(body)


def whole(request: Handler) -> None:
    answer(request, BODY)


def ranged(request: Handler) -> None:
    start = int(request.headers["Range"].removeprefix("bytes=").rstrip("-"))
    if start >= len(BODY):
        answer(request, b"", 416, Content_Range=f"bytes */{len(BODY)}")
    else:
        answer(request, BODY[start:], 206, Content_Range=f"bytes {start}-{len(BODY) - 1}/{len(BODY)}")


def cut_off(request: Handler) -> None:
    answer(request, BODY[:300_000], length=len(BODY))
    request.close_connection = True


def status(code: int) -> Callable[[Handler], None]:
    return lambda request: answer(request, b"no", code)


def accept(_: Path) -> None: ...


def fetched(server: Server, folder: Path, progress: object = None) -> bytes:
    target = folder / "weights" / "model.pdparams"
    download(server.url, target, accept, progress)  # type: ignore[arg-type]
    assert sorted(path.name for path in target.parent.iterdir()) == ["model.pdparams"]
    return target.read_bytes()


def test_a_whole_file_with_progress(serve: Callable[..., Server], tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    server = serve(whole)
    assert fetched(server, tmp_path, lambda *step: told.append(step)) == BODY
    assert told[-1] == (len(BODY), len(BODY))
    assert [step[0] for step in told] == sorted(step[0] for step in told)
    assert server.ranges == [None]


def test_a_cut_off_is_resumed_within_one_call(serve: Callable[..., Server], tmp_path: Path) -> None:
    server = serve(cut_off, ranged)
    assert fetched(server, tmp_path) == BODY
    assert server.ranges == [None, "bytes=300000-"]


def test_a_cut_off_is_resumed_by_the_next_call(serve: Callable[..., Server], tmp_path: Path) -> None:
    server = serve(cut_off, status(503), ranged)
    with pytest.raises(AbsentError, match="HTTP 503"):
        fetched(server, tmp_path)
    assert (tmp_path / "weights" / "model.pdparams.part").stat().st_size == 300_000
    assert fetched(server, tmp_path) == BODY
    assert server.ranges == [None, "bytes=300000-", "bytes=300000-"]


def test_a_server_without_ranges_is_started_over(serve: Callable[..., Server], tmp_path: Path) -> None:
    assert fetched(serve(cut_off, whole), tmp_path) == BODY


def test_without_a_validator_nothing_is_resumed(serve: Callable[..., Server], tmp_path: Path) -> None:
    server = serve(lambda request: answer(request, BODY[:5000], length=len(BODY), etag=None), whole)
    assert fetched(server, tmp_path) == BODY
    assert server.ranges == [None, None]


def test_a_changed_file_is_started_over(serve: Callable[..., Server], tmp_path: Path) -> None:
    other = BODY[::-1]
    server = serve(cut_off, lambda request: answer(request, other, etag='"two"'))
    assert fetched(server, tmp_path) == other


def test_another_range_than_asked_for_is_not_believed(serve: Callable[..., Server], tmp_path: Path) -> None:
    def wrong(request: Handler) -> None:
        answer(request, BODY[5:], 206, Content_Range=f"bytes 5-{len(BODY) - 1}/{len(BODY)}")

    with pytest.raises(AbsentError, match="another range"):
        fetched(serve(cut_off, wrong), tmp_path)


def test_a_length_that_promises_too_much(serve: Callable[..., Server], tmp_path: Path) -> None:
    def boasting(request: Handler) -> None:
        answer(request, BODY, length=len(BODY) + 1000)
        request.close_connection = True

    # The next request finds that the server has no more: then what is here is whole.
    assert fetched(serve(boasting, ranged), tmp_path) == BODY


def test_a_server_that_always_cuts_off_is_given_up(serve: Callable[..., Server], tmp_path: Path) -> None:
    server = serve(cut_off)
    with pytest.raises(AbsentError, match=f"stopped at 300000 of {len(BODY)} bytes") as caught:
        fetched(server, tmp_path)
    assert "again" in caught.value.remedy
    assert len(server.ranges) <= 4


@pytest.mark.parametrize("code", [404, 410])
def test_a_missing_file(serve: Callable[..., Server], tmp_path: Path, code: int) -> None:
    server = serve(status(code))
    with pytest.raises(AbsentError) as caught:
        fetched(server, tmp_path)
    assert caught.value.message == f"the server has no file at {server.url} (HTTP {code})"
    assert caught.value.exit_status == 3
    assert "--weights" in caught.value.remedy


def test_what_the_check_refuses_is_not_kept(serve: Callable[..., Server], tmp_path: Path) -> None:
    def refuse(_: Path) -> None:
        raise AbsentError("not weights")

    with pytest.raises(AbsentError, match="not weights"):
        download(serve(whole).url, tmp_path / "model.pdparams", refuse)
    assert list(tmp_path.iterdir()) == []


def test_nobody_listens(serve: Callable[..., Server], tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(AbsentError, match=r"cannot be reached \(connection refused\)"):
        download(f"http://127.0.0.1:{port}/x", tmp_path / "x", accept)


def test_no_such_host(serve: Callable[..., Server], tmp_path: Path) -> None:
    with pytest.raises(AbsentError, match="cannot be reached"):
        download("http://no-such-host.invalid/x", tmp_path / "x", accept)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/x", "file:///etc/hostname", "ftp://127.0.0.1/x", "data:,x"])
def test_only_https_is_opened(tmp_path: Path, url: str) -> None:
    with pytest.raises(AbsentError, match="is not an https address"):
        download(url, tmp_path / "x", accept)
    assert not (tmp_path / "x").exists()


def test_a_redirect_to_a_file_is_refused(serve: Callable[..., Server], tmp_path: Path) -> None:
    def redirect(request: Handler) -> None:
        answer(request, b"", 302, Location="file:///etc/hostname")

    with pytest.raises(EdgekitError):
        download(serve(redirect).url, tmp_path / "x", accept)
    assert not (tmp_path / "x").exists()


def test_a_redirect_is_followed(serve: Callable[..., Server], tmp_path: Path) -> None:
    assert fetched(serve(lambda request: answer(request, b"", 302, Location="/elsewhere"), whole), tmp_path) == BODY


def test_a_disk_too_small_is_said_before_it_fills(
    serve: Callable[..., Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download_module.shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    with pytest.raises(ConversionError, match="the disk is full") as caught:
        fetched(serve(whole), tmp_path)
    assert caught.value.exit_status == 4
    assert "EDGEKIT_CACHE" in caught.value.remedy


def test_a_disk_that_fills_while_writing(serve: Callable[..., Server], tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this system")
    target = tmp_path / "model.pdparams"
    (tmp_path / "model.pdparams.part").symlink_to("/dev/full")
    (tmp_path / "model.pdparams.part.json").write_text(json.dumps({"url": (server := serve(whole)).url}))
    with pytest.raises(ConversionError, match="the disk is full"):
        download(server.url, target, accept)
    assert not target.exists()


def test_a_cache_that_cannot_be_written(serve: Callable[..., Server], tmp_path: Path) -> None:
    (tmp_path / "weights").write_text("a file where the folder belongs")
    with pytest.raises(ConversionError, match="could not be written"):
        download(serve(whole).url, tmp_path / "weights" / "model.pdparams", accept)


def test_a_silent_server_is_given_up(
    serve: Callable[..., Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edgekit.weights import http as client

    monkeypatch.setattr(client, "READ_SECONDS", 0.2)
    given_up = threading.Event()
    with pytest.raises(AbsentError, match="no answer in time"):
        download(serve(lambda _: given_up.wait()).url, tmp_path / "x", accept)
    given_up.set()


def raw(text: str) -> Callable[[Handler], None]:
    """An answer whose head is `text`, in Latin-1, with the whole file behind it."""

    def behave(request: Handler) -> None:
        request.wfile.write(text.replace("\n", "\r\n").encode("latin-1") + b"\r\n\r\n" + BODY)
        request.close_connection = True

    return behave


@pytest.mark.parametrize("length", ["\u00b2", "-1", "1e9", "9" * 400, "", " 7 7", "0x10"])
def test_a_length_that_is_no_number_is_none(serve: Callable[..., Server], tmp_path: Path, length: str) -> None:
    assert fetched(serve(raw(f"HTTP/1.0 200 OK\nContent-Length: {length}")), tmp_path) == BODY


@pytest.mark.parametrize(
    "address",
    ["http://[::1", "http://[", "http://127.0.0.1:99999/x", "http://127.0.0.1:x/", "http://\u00ff\x01/", "://"],
)
def test_a_redirect_to_no_address(serve: Callable[..., Server], tmp_path: Path, address: str) -> None:
    with pytest.raises(AbsentError) as caught:
        fetched(serve(raw(f"HTTP/1.0 302 Found\nLocation: {address}")), tmp_path)
    assert caught.value.message.isprintable()


@pytest.mark.parametrize("range_", ["bytes \u00b2-3/4", "bytes 9999999999999999999999-1/2", "x"])
def test_a_range_that_is_none(serve: Callable[..., Server], tmp_path: Path, range_: str) -> None:
    """What comes is not where the file goes on: it is asked for again."""
    odd = raw(f"HTTP/1.0 206 Partial\nContent-Range: {range_}")
    with pytest.raises(AbsentError):
        fetched(serve(cut_off, odd), tmp_path)
