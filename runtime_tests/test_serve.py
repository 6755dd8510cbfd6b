"""Artifacts behind REST and gRPC, by the command line: asked by foreign clients, by hostile ones, and under load."""

import contextlib
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import psutil
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save

from conftest import PATIENCE_SECONDS, Converted, Edgekit, RunWorker
from edgekit.artifact.load import read_manifest
from edgekit.artifact.manifest import FILE, FileRecord, Manifest
from edgekit.artifact.write import update_manifest
from edgekit.filesystem.hashing import file_sha256
from edgekit.inputs.golden import bundled_photos
from edgekit.inputs.preprocessing import Preprocessing
from edgekit.toolchain.environment import ensure_environment
from edgekit.toolchain.script import requirements_of
from tests.converters.onnx.damage import scale_one_channel

pytestmark = pytest.mark.toolchain

CLIENTS = Path(__file__).parent / "serving" / "clients.py"
TARGETS = ["ncnn", "onnx", "openvino"]
GOLDEN = "golden.safetensors"
SETTINGS = ["--http-port", "0", "--grpc-port", "0", "--threads", "1", "--json"]


@dataclass
class Server:
    """One that runs: its process, where it answers, and what an artifact of its model lies in."""

    process: subprocess.Popen[str]
    document: dict[str, Any]
    errors: Path
    artifact: Path
    cache: Path

    @property
    def http(self) -> str:
        """REST's host and port."""
        return self.document["http"].removeprefix("http://")

    def get(self, path: str, body: bytes | None = None, **headers: str) -> tuple[int, Any]:
        """The status and the document of an answer."""
        request = urllib.request.Request(f"http://{self.http}{path}", body, headers)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def infer(self, data: Any, model: str = "MixNet_S", **changes: Any) -> tuple[int, Any]:
        """What is answered to one input, in JSON."""
        one = {"name": "x", "shape": [1, 3, 64, 64], "datatype": "FP32", "data": data, **changes}
        return self.get(f"/v2/models/{model}/infer", json.dumps({"inputs": [one]}).encode())

    def metric(self, name: str, **labels: str) -> float:
        """The sum of a metric over all that have these labels."""
        with urllib.request.urlopen(f"http://{self.http}/metrics") as answer:
            lines = answer.read().decode().splitlines()
        fits = [one for one in lines if one.startswith(name + "{")]
        fits = [one for one in fits if all(f'{key}="{value}"' in one for key, value in labels.items())]
        return sum(float(one.rpartition(" ")[2]) for one in fits)

    def told(self, **more: Any) -> dict[str, Any]:
        """What the clients are told."""
        golden = str(self.artifact / GOLDEN)
        return {"http": self.http, "grpc": self.document["grpc"], "golden": golden, "versions": TARGETS, **more}


@contextmanager
def server(cache: Path, folder: Path, artifact: Path, *arguments: str | Path) -> Iterator[Server]:
    """A server on free ports, until the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    errors = folder / "errors.txt"
    with errors.open("w") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "edgekit", "serve", *map(str, arguments), *SETTINGS],
            stdout=subprocess.PIPE,
            stderr=stream,
            text=True,
            cwd=folder,
            env={**os.environ, "EDGEKIT_CACHE": str(cache)},
        )
    try:
        assert process.stdout is not None
        said = ""
        while not said.endswith("\n}\n"):
            line = process.stdout.readline()
            assert line, errors.read_text()
            said += line
        yield Server(process, json.loads(said), errors, artifact, cache)
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE_SECONDS)


@pytest.fixture(scope="module")
def other(mixnet: Converted, run_worker: RunWorker, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another model, with a verdict and golden samples of its own: MixNet_S with half of a channel more."""
    folder = tmp_path_factory.mktemp("other") / "onnx"
    shutil.copytree(mixnet.out / "MixNet_S" / "onnx", folder)
    scale_one_channel(folder / "MixNet_S.onnx", 1.5)
    golden = load_file(folder / GOLDEN)
    fed = folder.parent / "fed.safetensors"
    fed.write_bytes(save({"x": golden["input/x"]}))
    _, output = run_worker("onnx/run.py", {"model": folder / "MixNet_S.onnx", "tensors": fed}, {"batch": 1})
    golden["oracle/logits"] = load_file(output / "outputs.safetensors")["logits"]
    (folder / GOLDEN).write_bytes(save(golden, {"edgekit": "{}"}))
    refreshed(folder)
    return folder


def refreshed(folder: Path) -> Manifest:
    """Have an artifact's manifest say what its files are now."""
    manifest = read_manifest(folder)

    def record(name: str, before: FileRecord) -> FileRecord:
        return FileRecord(file_sha256(folder / name), (folder / name).stat().st_size, before.role)

    manifest = msgspec.structs.replace(
        manifest,
        files={name: record(name, one) for name, one in manifest.files.items()},
        golden={name: record(name, one) for name, one in manifest.golden.items()},
    )
    update_manifest(folder, manifest)
    return manifest


@pytest.fixture(scope="module")
def served(
    mixnet: Converted, other: Path, session_cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """MixNet_S as ncnn, onnx and openvino has it, in the shadow of another model."""
    folder = tmp_path_factory.mktemp("served")
    arguments = ["MixNet_S", "--target", ",".join(TARGETS), "--out", mixnet.out]
    arguments += ["--shadow", f"MixNet_S:other={other}", "--shadow-share", "1", "--shadow-keep", folder / "kept"]
    with server(session_cache, folder, mixnet.out / "MixNet_S" / "onnx", *arguments) as running:
        yield running


Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def clients(session_cache: Path) -> Ask:
    """Has foreign clients ask a server; returns what they found."""
    python = ensure_environment(requirements_of(CLIENTS), session_cache, print)

    def ask(what: str, told: dict[str, Any]) -> Any:
        answer = subprocess.run(
            [str(python), str(CLIENTS), what, json.dumps(told)],
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        assert answer.returncode == 0, answer.stderr
        return json.loads(answer.stdout.splitlines()[-1])

    return ask


def limit_of(artifact: Path) -> float:
    """What an output may be off by."""
    return read_manifest(artifact).verdicts[0].verdict.outputs["logits"].max_threshold


def test_tritons_client_gets_the_artifacts_answers(served: Server, clients: Ask) -> None:
    found = clients("triton", served.told())
    for protocol in ("http", "grpc"):
        one = found[protocol]
        assert max(one["errors"].values()) < limit_of(served.artifact)
        assert set(one["errors"]) == {"", *TARGETS} | ({"json"} if protocol == "http" else set())
        assert one["id"] == "7"
        assert one["metadata"]["versions"] == TARGETS
        assert (len(one["labels"]), one["probabilities"]) == (3, sorted(one["probabilities"], reverse=True))
        absent, photo, flat = one["refusals"]
        assert absent[0] in ("404", "StatusCode.NOT_FOUND")
        assert photo[0] in ("400", "StatusCode.INVALID_ARGUMENT")
        assert photo[1] == "MixNet_S takes the inputs x; given are 'photo'"
        assert flat[0] == photo[0]
        assert "which is none" in flat[1]


def test_kserves_clients_get_them_too(served: Server, clients: Ask) -> None:
    found = clients("kserve", served.told())
    assert set(found) == {"rest True", "rest False", "grpc True", "grpc False"}
    assert max(found.values()) < limit_of(served.artifact)


def test_the_protocols_description_holds(served: Server, clients: Ask, tmp_path: Path) -> None:
    found = clients("schema", served.told(folder=str(tmp_path), examples=8))
    assert found["status"] == 0, found["said"]
    assert "12 passed" in found["said"]


def test_photos_are_named_as_by_the_command(served: Server, edgekit: Edgekit, tmp_path: Path) -> None:
    photos = [one.path for one in bundled_photos()]
    folder = served.artifact.parent / "ncnn"  # the version that was named first
    predicted = edgekit("predict", folder, *photos, "--top", "10", "--json")
    assert predicted.returncode == 0, predicted.stderr
    (label,) = json.loads(predicted.stdout)["artifacts"]
    import base64

    for photo, wanted in zip(photos, json.loads(predicted.stdout)["photos"], strict=True):
        one = {"name": "photo", "shape": [1], "datatype": "BYTES", "parameters": {"content_type": "base64"}}
        one["data"] = [base64.b64encode(photo.read_bytes()).decode()]
        body = json.dumps({"inputs": [one], "parameters": {"top": 10}}).encode()
        status, answer = served.get("/v2/models/MixNet_S-photos/infer", body)
        assert status == 200, answer
        outputs = {each["name"]: each["data"] for each in answer["outputs"]}
        classes = wanted["classes"][label]
        assert outputs["class"] == [each["index"] for each in classes]
        assert outputs["label"] == [each["name"] for each in classes]
        assert outputs["probability"] == pytest.approx([each["probability"] for each in classes], rel=1e-4, abs=1e-7)


def test_metadata_says_what_was_proved(served: Server) -> None:
    _, document = served.get("/v2/models/MixNet_S/versions/onnx")
    told, manifest = document["parameters"], read_manifest(served.artifact)
    assert told["manifest_sha256"] == hashlib.sha256((served.artifact / FILE).read_bytes()).hexdigest()
    assert told["labels"] == list(manifest.model.class_names or ())
    assert told["verdict"]["status"] == "passed"
    assert told["verdict"]["outputs"]["logits"]["max_threshold"] == limit_of(served.artifact)
    assert msgspec.convert(told["preprocessing"], Preprocessing) == manifest.preprocessing
    assert served.metric("edgekit_ready", version="onnx") == 1.0


def test_a_shadows_disagreements_are_counted_and_kept(served: Server, other: Path) -> None:
    golden, different = load_file(served.artifact / GOLDEN), load_file(other / GOLDEN)
    before = served.metric("edgekit_shadow_requests_total", outcome="disagreed")
    assert served.infer(golden["input/x"][0].ravel().tolist())[0] == 200
    deadline = time.monotonic() + PATIENCE_SECONDS
    kept = served.errors.parent / "kept"
    while served.metric("edgekit_shadow_requests_total", outcome="disagreed") == before or not list(kept.glob("*.s*")):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert served.metric("edgekit_shadow_requests_total", outcome="agreed") == 0
    # What it does is counted as its own.
    assert served.metric("edgekit_ready", version="other") == 1
    assert served.metric("edgekit_call_samples_sum", version="other") > 0
    assert served.get("/v2/models/MixNet_S/versions/other")[0] == 404
    matching = [one for one in kept.iterdir() if np.array_equal(load_file(one)["input/x"], golden["input/x"][:1])]
    assert matching
    tensors = load_file(matching[0])
    assert np.abs(tensors["output/logits"] - golden["oracle/logits"][:1]).max() < 1e-4
    assert np.abs(tensors["shadow/logits"] - different["oracle/logits"][:1]).max() < 1e-4
    with safe_open(matching[0], "np") as file:
        about = json.loads(file.metadata()["edgekit"])
    assert about["outputs"]["logits"]["error"] > about["outputs"]["logits"]["limit"] > 0


def bomb(side: int) -> bytes:
    """A PNG of side x side black pixels, 1 bit each: a few MB that would be gigabytes."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes((side // 8 + 2) * 100), 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_hostile_requests_are_refused_by_the_protocol(served: Server) -> None:
    x = np.zeros((1, 3, 64, 64), np.float32).ravel().tolist()
    for status, said, answer in [
        (400, "the input x is FP32, not FP64", served.infer(x, datatype="FP64")),
        (400, "the input x is [1, 3, 64, 64], not [3, 1, 64, 64]", served.infer(x, shape=[3, 1, 64, 64])),
        (400, "MixNet_S takes the inputs x; given are 'y'", served.infer(x, name="y")),
        (400, "has 12288 values, and 12287 are given", served.infer(x[1:])),
        (400, "the input x holds NaN or infinite values", served.infer([1e39, *x[1:]])),
        (400, "the request is not one of the protocol's", served.get("/v2/models/MixNet_S/infer", b"{" * 100_000)),
        (404, "there is no model 'absent'", served.get("/v2/models/absent/infer", b"{}")),
        (404, "MixNet_S has no version '2'", served.get("/v2/models/MixNet_S/versions/2/ready")),
        (404, "there is no GET /v2/../etc/passwd", served.get("/v2/../etc/passwd")),
        (405, "there is no POST /v2", served.get("/v2", b"")),
        (415, "compressed", served.get("/v2/models/MixNet_S/infer", b"x", **{"Content-Encoding": "gzip"})),
    ]:
        assert (answer[0], said in answer[1]["error"]) == (status, True), answer
    photo = {"name": "photo", "shape": [1], "datatype": "BYTES"}
    raw = b"".join((len(content := bomb(60_000)).to_bytes(4, "little"), content))
    head = json.dumps({"inputs": [{**photo, "parameters": {"binary_data_size": len(raw)}}]}).encode()
    status, answer = served.get(
        "/v2/models/MixNet_S-photos/infer", head + raw, **{"Inference-Header-Content-Length": str(len(head))}
    )
    assert (status, "pixels" in answer["error"]) == (400, True), answer
    assert served.get("/v2/health/ready") == (200, {"ready": True})


def test_connections_that_misbehave_cost_nobody_else(served: Server) -> None:
    host, port = served.http.split(":")
    head = b"POST /v2/models/MixNet_S/infer HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
    with socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS) as large:
        large.sendall(head % (2 << 30))
        assert large.recv(1 << 16).startswith(b"HTTP/1.1 413 ")
    # Of a size that nobody announces: in parts, read until it is whole, or too large.
    golden = load_file(served.artifact / GOLDEN)
    one = {"name": "x", "shape": [1, 3, 64, 64], "datatype": "FP32", "data": golden["input/x"][0].ravel().tolist()}
    for content, status in ((json.dumps({"inputs": [one]}).encode(), 200), (bytes(17 << 20), 413)):
        connection = HTTPConnection(host, int(port), timeout=PATIENCE_SECONDS)
        parts = (content[start : start + 100_000] for start in range(0, len(content), 100_000))
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.request("POST", "/v2/models/MixNet_S/infer", parts, encode_chunked=True)
        with contextlib.closing(connection):
            assert connection.getresponse().status == status
    idle = []
    for start in (b"", b"POST /v2/mod", head % 1000, head % 1000 + b'{"inputs"', b"\x16\x03\x01\x02\x00\x01"):
        idle.append(socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS))
        idle[-1].sendall(start)
    status, answer = served.infer(golden["input/x"][0].ravel().tolist())
    assert status == 200
    assert np.abs(np.array(answer["outputs"][0]["data"]) - golden["oracle/logits"][0]).max() < 1e-4
    for each in idle:
        each.close()
    assert served.get("/v2/health/ready") == (200, {"ready": True})
    (log,) = served.cache.rglob("server/worker.log")
    assert log.read_text() == ""
    for status in ("500", "INTERNAL"):
        assert served.metric("edgekit_requests_total", status=status) == 0


def test_the_server_has_no_way_out_and_runners_no_network(served: Server) -> None:
    children = psutil.Process(served.process.pid).children()
    of_server = [one for one in children if "serving/serve.py" in " ".join(one.cmdline())]
    runners = [one for one in children if "run.py" in " ".join(one.cmdline())]
    assert (len(of_server), len(runners)) == (1, 4)
    for one in (*of_server, *runners):
        status = Path(f"/proc/{one.pid}/status").read_text()
        assert "NoNewPrivs:\t1" in status
        assert "Seccomp:\t2" in status
    assert not any(one.net_connections("all") for one in runners)
    ports = {int(one.rpartition(":")[2]) for one in (served.http, served.document["grpc"])}
    held = [one for one in of_server[0].net_connections("all") if one.family != socket.AF_UNIX]
    assert {one.laddr.port for one in held if one.status == psutil.CONN_LISTEN} == ports
    # All others are what clients have opened to these.
    assert {one.laddr.port for one in held} == ports
    assert {one.type for one in held} == {socket.SOCK_STREAM}
    # Pairs of its own loop have no address.
    assert not any(one.laddr or one.raddr for one in of_server[0].net_connections("unix"))


def runner_of(served: Server, target: str) -> psutil.Process:
    """A model's runner."""
    (runner,) = runners_of(served, target)
    return runner


def runners_of(served: Server, target: str) -> list[psutil.Process]:
    """A model's runners."""
    children = psutil.Process(served.process.pid).children()
    return [one for one in children if f"{target}/run.py" in " ".join(one.cmdline())]


def asked_by_many(served: Server, model: str, until: Callable[[list[int]], bool]) -> list[int]:
    """The statuses of the answers to eight clients who ask the same at once, until one finds what it waits for."""
    golden = load_file(served.artifact / GOLDEN)
    x, truth = golden["input/x"][0].ravel().tolist(), golden["oracle/logits"][0]
    deadline, states, done = time.monotonic() + PATIENCE_SECONDS, [], threading.Event()

    def ask() -> None:
        while not done.is_set() and time.monotonic() < deadline:
            status, answer = served.infer(x, model)
            states.append(status)
            if status == 200 and np.abs(np.array(answer["outputs"][0]["data"]) - truth).max() > 1e-4:
                states.append(-1)
            if until(states):
                done.set()

    with ThreadPoolExecutor(8) as clients:
        for one in [clients.submit(ask) for _ in range(8)]:
            one.result()
    assert done.is_set(), (states, served.errors.read_text())
    return states


@pytest.mark.parametrize("time_again", ["once", "twice"])
def test_a_runner_that_crashes_under_load_is_proved_again(served: Server, time_again: str) -> None:
    """And again: what was asked while it was away has confused nobody."""
    runner = runner_of(served, "openvino")
    starts = served.metric("edgekit_runner_starts_total", version="openvino") + 1

    def again(states: list[int]) -> bool:
        if len(states) > 20:
            with contextlib.suppress(psutil.NoSuchProcess):  # another client has done it
                runner.kill()
        found = served.metric("edgekit_runner_starts_total", version="openvino")
        return 503 in states and states[-1] == 200 and found == starts

    assert set(asked_by_many(served, "MixNet_S/versions/openvino", again)) == {200, 503}
    assert served.get("/v2/models/MixNet_S/versions/onnx/ready")[0] == 200
    assert "MixNet_S openvino has stopped answering and is started again" in served.errors.read_text()


def test_a_runner_that_hangs_is_started_again(mixnet: Converted, session_cache: Path, tmp_path: Path) -> None:
    """One that is stopped in the middle, behind a server without gRPC that puts no requests together."""
    artifact = mixnet.out / "MixNet_S" / "onnx"
    flags = ["--no-grpc", "--no-batching", "--max-seconds", "5"]
    with server(session_cache, tmp_path, artifact, artifact, *flags) as running:
        assert running.document["grpc"] is None
        children = psutil.Process(running.process.pid).children()
        listeners = [each for one in children for each in one.net_connections() if each.status == psutil.CONN_LISTEN]
        assert [each.laddr.port for each in listeners] == [int(running.http.rpartition(":")[2])]
        runner_of(running, "onnx").suspend()
        states = asked_by_many(running, "MixNet_S", lambda states: 503 in states and states[-1] == 200)
        assert set(states) == {200, 503}
        assert "did not answer, and was ended" in running.errors.read_text()


def test_where_one_of_two_runners_crashes_the_other_answers_on(
    mixnet: Converted, session_cache: Path, tmp_path: Path
) -> None:
    artifact, ready = mixnet.out / "MixNet_S" / "onnx", []
    with server(session_cache, tmp_path, artifact, artifact, "--no-grpc", "--runners", "2") as running:
        first, _ = runners_of(running, "onnx")

        def again(states: list[int]) -> bool:
            if len(states) > 20:
                with contextlib.suppress(psutil.NoSuchProcess):  # another client has done it
                    first.kill()
            ready.append(running.get("/v2/models/MixNet_S/ready")[0])
            return "answers again" in running.errors.read_text()

        states = asked_by_many(running, "MixNet_S", again)
        assert set(ready) == {200}
        assert set(states) <= {200, 503}
        # Those alone are lost that the runner had.
        assert states.count(503) <= 2
        said = running.errors.read_text()
        assert re.search(r"runner [12] of MixNet_S onnx has stopped answering and is started again", said)
        assert re.search(r"runner [12] of MixNet_S onnx answers again", said)
        assert running.metric("edgekit_runner_starts_total") == 3


def test_a_load_gets_right_answers_and_its_end_loses_none(
    mixnet: Converted, session_cache: Path, clients: Ask, tmp_path: Path
) -> None:
    """Eight clients; SIGTERM in the middle. Status 0, and no request that the server had taken is without an answer."""
    artifact = mixnet.out / "MixNet_S" / "onnx"
    with server(session_cache, tmp_path, artifact, artifact) as running:
        told = running.told(limit=limit_of(artifact), clients=8, answers=100_000, stop=running.process.pid)
        found = clients("load", {**told, "stop_after": 400})
        assert running.process.wait(PATIENCE_SECONDS) == 0
    assert found["answered"] >= 400
    assert (found["wrong"], found["lost"], found["statuses"]) == (0, 0, {})
    assert running.errors.read_text() == ""


@pytest.fixture
def copy(mixnet: Converted, tmp_path: Path) -> Path:
    """A copy of an artifact, to be changed."""
    return Path(shutil.copytree(mixnet.out / "MixNet_S" / "onnx", tmp_path / "onnx"))


def alter(folder: Path) -> None:
    file = folder / "MixNet_S.onnx"
    file.write_bytes(file.read_bytes()[:-1] + b"x")


def forget_verdict(folder: Path) -> None:
    update_manifest(folder, msgspec.structs.replace(read_manifest(folder), verdicts=()))


def forget_golden(folder: Path) -> None:
    update_manifest(folder, msgspec.structs.replace(read_manifest(folder), golden={}))


def fail(folder: Path) -> None:
    manifest = read_manifest(folder)
    verdict = msgspec.structs.replace(manifest.verdicts[0].verdict, status="failed", reason="too far")
    verdicts = (msgspec.structs.replace(manifest.verdicts[0], verdict=verdict),)
    update_manifest(folder, msgspec.structs.replace(manifest, verdicts=verdicts))


def damage(folder: Path) -> None:
    """A model that computes something else, in an artifact whose hashes and verdict are in order."""
    scale_one_channel(folder / "MixNet_S.onnx", 1.01)
    refreshed(folder)


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        (alter, 2, "has been changed: its SHA-256 is"),
        (forget_verdict, 2, "is not verified, and only what is verified is served"),
        (forget_golden, 2, "has no golden samples, without which nothing is served"),
        (fail, 1, "has failed its verification, and is not served"),
        (damage, 1, "MixNet_S onnx is not served, since its golden samples have failed: the output logits is off by"),
    ],
)
def test_what_is_not_proved_is_not_served(
    edgekit: Edgekit, copy: Path, change: Callable[[Path], None], status: int, said: str
) -> None:
    change(copy)
    answer = edgekit("serve", copy, "--http-port", "0", "--grpc-port", "0")
    assert (answer.returncode, said in answer.stderr) == (status, True), answer.stderr
    assert answer.stdout == ""
    assert "Traceback" not in answer.stderr


def test_what_cannot_be_served_together_or_there_is_refused(edgekit: Edgekit, copy: Path, mixnet: Converted) -> None:
    original = mixnet.out / "MixNet_S" / "onnx"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for arguments, said in [
            ([copy, original], "would both be MixNet_S onnx"),
            ([copy, "--http-port", port], f"nothing can listen on 127.0.0.1 port {port}: Address already in use"),
            ([copy, "--http-port", "0", "--grpc-port", port], f"port {port}: Address already in use"),
            ([f"a b={copy}"], "'a b' cannot be the name or version of a served model"),
            ([f"x-photos={copy}"], "which is what a model is called for photos"),
        ]:
            answer = edgekit("serve", *arguments)
            assert (answer.returncode, said in answer.stderr) == (2, True), answer.stderr


def test_tritons_configuration_is_one(edgekit: Edgekit, mixnet: Converted, clients: Ask, tmp_path: Path) -> None:
    answer = edgekit(
        "export-serving", f"cats={mixnet.out / 'MixNet_S' / 'onnx'}", "--for", "triton", "-o", tmp_path / "x"
    )
    assert answer.returncode == 0, answer.stderr
    found = clients("configuration", {"file": str(tmp_path / "x" / "models" / "cats" / "config.pbtxt")})
    assert (found["name"], found["backend"], found["instanceGroup"]) == ("cats", "onnxruntime", [{"kind": "KIND_CPU"}])
    assert found["input"] == [{"name": "x", "dataType": "TYPE_FP32", "dims": ["1", "3", "64", "64"]}]
    (output,) = found["output"]
    assert (output["name"], output["dims"], output["labelFilename"]) == ("logits", ["1", "10"], "labels.txt")
    labels = (tmp_path / "x" / "models" / "cats" / "labels.txt").read_text().splitlines()
    assert labels == list(read_manifest(mixnet.out / "MixNet_S" / "onnx").model.class_names or ())


@pytest.mark.parametrize(("for_server", "artifact"), [("ovms", "openvino"), ("triton", "onnx")])
def test_an_export_proves_what_a_server_answers(
    edgekit: Edgekit, served: Server, tmp_path: Path, mixnet: Converted, for_server: str, artifact: str
) -> None:
    """The script against a server of the protocol: one that has the model, and one that has another by its name."""
    folder = tmp_path / "repository"
    answer = edgekit(
        "export-serving", "MixNet_S", "--for", for_server, "--artifacts", mixnet.out, "-o", folder, "--json"
    )
    assert answer.returncode == 0, answer.stderr
    document = json.loads(answer.stdout)
    assert (document["artifact"], document["values"]) == (str(mixnet.out / "MixNet_S" / artifact), 20)
    assert document["files"] == sorted(str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file())
    for name, file in (("model.onnx", "MixNet_S.onnx"), ("model.bin", "MixNet_S.bin"), ("model.xml", "MixNet_S.xml")):
        if (made := folder / "models" / "MixNet_S" / "1" / name).exists():
            assert made.read_bytes() == (mixnet.out / "MixNet_S" / artifact / file).read_bytes()

    def check() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, folder / "check.py", f"http://{served.http}"]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    assert check().returncode == 0
    golden = folder / GOLDEN
    with safe_open(golden, "np") as file:
        metadata = file.metadata()
    tensors = load_file(golden)
    tensors["input/x"] = tensors["input/x"] * np.float32(1.001)
    golden.write_bytes(save(tensors, metadata))
    wrong = check()
    assert wrong.returncode == 1
    assert "the server computes something else" in wrong.stdout
    again = edgekit("export-serving", "MixNet_S", "--for", for_server, "--artifacts", mixnet.out, "-o", folder)
    assert (again.returncode, "is there already" in again.stderr) == (2, True)


def test_the_end_of_a_server_leaves_nothing(served: Server, session_cache: Path) -> None:
    """Last of all: it ends the server."""
    children = psutil.Process(served.process.pid).children(recursive=True)
    served.process.send_signal(signal.SIGINT)
    assert served.process.wait(PATIENCE_SECONDS) == 0
    assert not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in children)
    with pytest.raises(OSError):
        socket.create_connection(tuple(served.http.split(":")), timeout=5)  # type: ignore[arg-type]
