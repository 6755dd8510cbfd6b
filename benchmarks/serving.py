"""What serving costs beside the runtime: a request's overhead, the throughput of 8 clients, and a long run's memory.

    uv run python benchmarks/serving.py ARTIFACT [REQUESTS [RUNNERS]]

Serves a verified artifact of batch 1 on this machine, REST with binary tensors, and asks for its golden samples; every
answer is compared with the oracle's. Prints, of one client and of eight, the time of a request beside the runtime's own
in it, and the processor time that the server and the clients took for each; what the runtime alone does, asked by the
same links without a server; and how memory grows over REQUESTS (1,000 if none) of eight clients. RUNNERS (1 if none)
share two threads.

Beside other work wall time says little: the processor time of the server is what it adds, and the smallest times say
what a request takes on a quiet machine.
"""

import json
import os
import queue
import re
import socket
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
from safetensors.numpy import load_file

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from edgekit.artifact.load import load_artifact
from edgekit.cache import cache_folder
from edgekit.filesystem.scratch import working_folder
from edgekit.serve.layout import layout_of
from edgekit.serve.link import Link
from edgekit.serve.runner import ModelRunner
from edgekit.serve.served import Served, served
from edgekit.toolchain.worker import Toolchain

THREADS = 2
CLIENTS = 8


class Client:
    """A connection that stays, with its requests made beforehand: as little of its own time as can be."""

    def __init__(self, one: Served, address: str) -> None:
        host, port = address.split(":")
        manifest = one.artifact.manifest
        golden = load_file(one.artifact.folder / "golden.safetensors")
        spec, self._output = manifest.inputs[0], manifest.outputs[0]
        self._truth = golden[f"oracle/{self._output.name}"]
        self._scale = np.abs(self._truth).reshape(len(self._truth), -1).max(axis=1)
        self._limit = one.verdict.verdict.outputs[self._output.name].max_threshold
        self._requests = [request(one.name, spec.name, value[None]) for value in golden[f"input/{spec.name}"]]
        self._socket = socket.create_connection((host, int(port)))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, turn: int) -> tuple[float, bool]:
        """Seconds that a request took, and whether its answer was right."""
        row = turn % len(self._requests)
        began = time.perf_counter()
        self._socket.sendall(self._requests[row])
        received = b""
        while (place := received.find(b"\r\n\r\n")) < 0:
            received += self._socket.recv(1 << 16)
        head = received[:place].lower()
        size = int(re.search(rb"content-length: (\d+)", head)[1])  # type: ignore[index]
        while len(received) < place + 4 + size:
            received += self._socket.recv(1 << 16)
        seconds = time.perf_counter() - began
        if b" 200 " not in head[:20]:
            return seconds, False
        length = int(re.search(rb"inference-header-content-length: (\d+)", head)[1])  # type: ignore[index]
        values = np.frombuffer(received[place + 4 + length :], self._output.dtype)
        error = np.abs(values - self._truth[row].ravel()).max() / self._scale[row]
        return seconds, bool(error <= self._limit)


def request(model: str, name: str, value: np.ndarray) -> bytes:
    """A whole request."""
    datatype = {"float32": "FP32", "uint8": "UINT8"}[str(value.dtype)]
    raw = value.tobytes()
    tensor = {"name": name, "shape": list(value.shape), "datatype": datatype}
    tensor["parameters"] = {"binary_data_size": len(raw)}
    body = json.dumps({"inputs": [tensor], "parameters": {"binary_data_output": True}}).encode()
    head = f"POST /v2/models/{model}/infer HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body) + len(raw)}\r\n"
    return f"{head}Inference-Header-Content-Length: {len(body)}\r\n\r\n".encode() + body + raw


@dataclass(frozen=True)
class Loaded:
    """What clients found: seconds of each request, wrong answers, seconds of all, and of the clients' own processor."""

    times: list[float]
    wrong: int
    seconds: float
    processor: float


def load(one: Served, address: str, clients: int, requests: int) -> Loaded:
    """So many requests of so many clients at once."""
    times: list[float] = []
    wrong, turns = [0], iter(range(requests))
    lock = threading.Lock()

    def work() -> None:
        client, own, bad = Client(one, address), [], 0
        while (turn := next_of(turns, lock)) is not None:
            seconds, right = client.ask(turn)
            own.append(seconds)
            bad += not right
        with lock:
            times.extend(own)
            wrong[0] += bad

    began, used = time.perf_counter(), time.process_time()
    threads = [threading.Thread(target=work) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spent = time.perf_counter() - began
    return Loaded(times, wrong[0], spent, time.process_time() - used)


def next_of(turns: Iterator[int], lock: threading.Lock) -> int | None:
    """The next turn; None where there is no more."""
    with lock:
        return next(turns, None)


@contextmanager
def serving(folder: Path, runners: int) -> Iterator[tuple[str, list[psutil.Process], list[psutil.Process]]]:
    """REST's address, the server's process and the runners'."""
    command = [sys.executable, "-m", "edgekit", "serve", folder, "--http-port", "0", "--grpc-port", "0", "--json"]
    command += ["--threads", str(max(1, THREADS // runners)), "--runners", str(runners)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        said = ""
        while not said.endswith("\n}\n"):
            line = process.stdout.readline()
            if not line:
                sys.exit(f"{folder} is not served")
            said += line
        found: tuple[list[psutil.Process], list[psutil.Process]] = [], []
        for child in psutil.Process(process.pid).children():
            found["serving/serve.py" not in " ".join(child.cmdline())].append(child)
        yield json.loads(said)["http"].removeprefix("http://"), *found
    finally:
        process.terminate()
        process.wait()


def runtime(address: str) -> tuple[float, float]:
    """Seconds in the runtime so far, and in how many calls."""
    with urllib.request.urlopen(f"http://{address}/metrics") as answer:
        text = answer.read().decode()
    found = dict(re.findall(r"^edgekit_runtime_seconds_(sum|count)\{.*\} (.*)$", text, re.MULTILINE))
    return float(found["sum"]), float(found["count"])


def processor(processes: list[psutil.Process]) -> float:
    """Seconds of processor time."""
    return sum(times.user + times.system for times in (one.cpu_times() for one in processes))


def resident(processes: list[psutil.Process]) -> float:
    """MiB."""
    return sum(one.memory_info().rss for one in processes) / 2**20


def alone(one: Served, calls: int, runners: int) -> float:
    """Calls in a second of so many runtimes behind the same links, asked without a server: one runs, one waits."""
    with working_folder(cache_folder()) as scratch, ExitStack() as opened:
        asked = [
            opened.enter_context(asking(one, scratch, number, max(1, THREADS // runners))) for number in range(runners)
        ]
        with ThreadPoolExecutor(runners) as pool:
            list(pool.map(lambda run: run(20), asked))
            began = time.perf_counter()
            list(pool.map(lambda run: run(calls // runners), asked))
            spent = time.perf_counter() - began
    return calls // runners * runners / spent


@contextmanager
def asking(one: Served, scratch: Path, number: int, threads: int) -> Iterator[Callable[[int], None]]:
    """A runner's runtime: what makes so many calls of it."""
    manifest = one.artifact.manifest
    golden = load_file(one.artifact.folder / "golden.safetensors")
    link = Link(layout_of(manifest, 1, one.title))
    toolchain = Toolchain(cache_folder())
    runner = ModelRunner(str(number), one, one.artifact.folder, link, toolchain, threads, scratch, queue.Queue())
    runner.start()
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "converters" / "lib"))
    from edgeworker.slots import Slots

    try:
        requests, replies, memory = link.servers_ends
        slots = Slots(memory, link.layout)
        for slot in range(2):
            slots.inputs(slot, 1)[manifest.inputs[0].name][...] = golden[f"input/{manifest.inputs[0].name}"][:1]
        with os.fdopen(os.dup(replies), "rb") as heard:
            heard.readline()

            def run(count: int) -> None:
                for call in range(count):
                    os.write(requests, json.dumps({"call": call, "slot": call % 2, "count": 1}).encode() + b"\n")
                    if call:
                        heard.readline()
                heard.readline()

            yield run
        link.end()
        runner.join()
    finally:
        runner.stop()
        runner.join()
        link.close()


def smallest(values: list[float]) -> float:
    """The 5th percentile."""
    return sorted(values)[len(values) // 20]


def main(folder: Path, requests: int, runners: int) -> None:
    """Measure, and print."""
    one = served(load_artifact(folder))
    once = min(requests, 2000)
    own = [alone(one, once, runners)]
    with serving(folder, runners) as (address, server, behind):
        load(one, address, 1, 100)
        for clients in (1, CLIENTS):
            before, used, ran = runtime(address), processor(server), processor(behind)
            found = load(one, address, clients, once)
            after = runtime(address)
            times = found.times
            inside = (after[0] - before[0]) / (after[1] - before[1])
            print(
                f"{clients} clients: {once / found.seconds:.0f} requests/s, {found.wrong} wrong; of each "
                f"p5 {1000 * smallest(times):.2f}, p50 {1000 * statistics.median(times):.2f} ms, of which the runtime "
                f"mean {1000 * inside:.2f}; mean less that {1000 * (statistics.mean(times) - inside):.2f} ms"
            )
            print(
                f"  processor ms a request: server {1000 * (processor(server) - used) / once:.2f}, runner "
                f"{1000 * (processor(behind) - ran) / once:.2f}, clients {1000 * found.processor / once:.2f}"
            )
            if clients == CLIENTS:
                own.append(alone(one, once, runners))
                alone_now = statistics.mean(own)
                print(f"  the runtime alone: {own[0]:.0f} and {own[1]:.0f} calls/s, before and after")
                print(f"  share of it: {once / found.seconds / alone_now:.2f}")
        sizes, wrong, began = [], 0, time.perf_counter()
        for _ in range(5):
            sizes.append([resident(server), resident(behind)])
            if len(sizes) < 5:
                wrong += load(one, address, CLIENTS, requests // 4).wrong
        print(f"{4 * (requests // 4)} requests in {time.perf_counter() - began:.0f} s, {wrong} wrong answers")
        for title, column in (("server", 0), ("runners", 1)):
            print(f"  {title}: {', '.join(f'{row[column]:.1f}' for row in sizes)} MiB")
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; {folder}; runners: {runners}")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: serving.py ARTIFACT [REQUESTS [RUNNERS]]")
    numbers = [int(text) for text in sys.argv[2:4]]
    main(Path(sys.argv[1]), numbers[0] if numbers else 1000, numbers[1] if len(numbers) > 1 else 1)
