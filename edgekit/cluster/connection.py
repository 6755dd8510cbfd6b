"""The connection to a cluster: an existing one, or one that is started on this machine and ends with the command."""

import logging
import os
import re
import secrets
import shutil
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from edgekit.cluster.absent import required
from edgekit.errors import AbsentError, UsageError

LOCAL = "local"
PREFIX = "edgekit-ray-"
SESSION = "s"
LONGEST_FOLDER = 42
"""Characters of the folder that a cluster's sockets lie below: 64 more follow, and a socket's path has 107 at most."""
OBJECT_STORE_BYTES = 80 << 20
"""Ray's own store, in memory. Files do not go through it, and it takes no less."""
ANSWER_SECONDS = 10.0
GONE_SECONDS = 15.0
"""So long a head may be out of reach."""
QUIET = {
    # Under `uv run` it would send the working folder to each machine, and start workers by a `uv` that is not there.
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    # Stages are not less than other programs of the machine, and some are timed.
    "RAY_worker_niceness": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    # So many seconds its first process may take to answer: on a busy machine Ray's own 20 are too few.
    "RAY_NUM_REDIS_GET_RETRIES": "120",
    # A stage has bounds of its own, and the estimates keep the sum within the machine.
    "RAY_memory_monitor_refresh_ms": "0",
}


class ClusterGone(Exception):
    """The cluster does not answer any more, or has no machines: nothing that is left to do can be done."""


@dataclass(frozen=True)
class Connection:
    """A cluster that answers, through `ray`; `local` where it is this machine's own."""

    ray: Any
    address: str
    head: str
    """Where its head listens, as HOST:PORT."""

    @property
    def local(self) -> bool:
        """Whether it was started here."""
        return self.address == LOCAL

    def nodes(self) -> list[dict[str, float]]:
        """What each machine that is there now offers, by resource. Raises ClusterGone."""
        self.check_head()
        try:
            return [node["Resources"] for node in self.ray.nodes() if node["Alive"]]
        except self.ray.exceptions.RayError as error:
            raise ClusterGone(first_line(error)) from None

    def check_head(self) -> None:
        """Raise ClusterGone where the head has not answered for a while: Ray itself waits for a minute, and exits."""
        deadline = time.monotonic() + GONE_SECONDS
        while True:
            try:
                return check_answers(self.head)
            except AbsentError as error:
                if time.monotonic() > deadline:
                    raise ClusterGone(error.message) from None
                time.sleep(1)


@contextmanager
def connected(address: str, *, cores: int, memory_bytes: int | None = None) -> Iterator[Connection]:
    """A connection for the length of the block: to the cluster at `address`, or to one that is started here (`local`).

    The latter has so many cores and so much memory, listens for nobody without its token, writes to a folder of its own
    alone, and is gone at the end. Raises AbsentError where Ray is not installed or the cluster does not answer,
    UsageError for an address that cannot be meant.
    """
    if "://" in address:
        raise UsageError(
            f"--ray {address} is Ray's client, which edgekit does not use",
            "Run this on a machine of the cluster, with the address HOST:PORT.",
        )
    if address != LOCAL:
        check_answers(address)
    with environment(QUIET), ExitStack() as stack:
        options: dict[str, Any] = {"address": address}
        if address == LOCAL:
            folder = stack.enter_context(ray_folder())
            options = {
                "address": LOCAL,
                "num_cpus": cores,
                "include_dashboard": False,
                "object_store_memory": OBJECT_STORE_BYTES,
                "_memory": memory_bytes,
                "_temp_dir": str(folder),
                "_plasma_directory": str(folder),
                "_node_ip_address": "127.0.0.1",
            }
            stack.enter_context(environment(token_of(folder)))
        ray = required("ray")
        kept = handlers()
        stack.callback(put_back, kept)
        stack.callback(ray.shutdown)
        try:
            ray.init(**options, log_to_driver=False, logging_level=logging.CRITICAL, configure_logging=False)
        except (ConnectionError, RuntimeError, TimeoutError, ValueError, ray.exceptions.RayError) as error:
            if address == LOCAL:
                raise AbsentError(f"no cluster can be started on this machine: {first_line(error)}") from None
            raise AbsentError(
                f"the cluster {address} does not answer: {first_line(error)}",
                "Ray and Python must be the same on each of its machines, and this must be one of them "
                "(`ray start --address HOST:PORT`).",
            ) from None
        put_back(kept)
        # No setting keeps it from printing to stdout that a machine was lost.
        ray._private.worker.print_to_stdstream = lambda *_, **__: None
        yield Connection(ray, address, ray.get_runtime_context().gcs_address)


def check_answers(address: str) -> None:
    """Raise UsageError for what is no HOST:PORT, AbsentError where nobody listens there: Ray would wait for minutes."""
    host, _, port = address.rpartition(":")
    if not host or not re.fullmatch(r"[0-9]{1,5}", port):
        raise UsageError(f"--ray {address} is no cluster", f"As in --ray HOST:6379, or --ray {LOCAL}.")
    try:
        socket.create_connection((host.strip("[]"), int(port)), ANSWER_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise AbsentError(
            f"no cluster answers at {address} ({error})", "Start its head with `ray start --head --port 6379`."
        ) from None


def first_line(error: BaseException) -> str:
    """The first line of what an error says."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


@contextmanager
def environment(variables: dict[str, str]) -> Iterator[None]:
    """These variables, for the length of the block."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@cache
def token() -> str:
    """This process's token: Ray reads one, and does not look again."""
    return secrets.token_hex(32)


def token_of(folder: Path) -> dict[str, str]:
    """The variables that make this process's token what a cluster asks for, in a file: others see the environment."""
    path = folder.parent / "token"
    path.touch(mode=0o600)
    path.write_text(token())
    return {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(path)}


@contextmanager
def ray_folder() -> Iterator[Path]:
    """A fresh folder for one cluster, gone at the end; what killed runs left goes now.

    Ray opens the folder that it is given to everybody: it lies in one that is this user's alone.
    """
    import fcntl

    root = Path(tempfile.gettempdir())
    if len(str(root / PREFIX)) + 8 + 1 + len(SESSION) > LONGEST_FOLDER:
        root = Path("/tmp")
    clear_left(root)
    outer = Path(tempfile.mkdtemp(prefix=PREFIX, dir=root))
    try:
        with (outer / "lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            (outer / SESSION).mkdir()
            yield outer / SESSION
    finally:
        shutil.rmtree(outer, ignore_errors=True)


def clear_left(root: Path) -> None:
    """Remove this user's folders whose lock nobody holds."""
    import fcntl

    for lock in root.glob(f"{PREFIX}*/lock"):
        try:
            if lock.parent.stat().st_uid != os.getuid() or lock.parent.is_symlink():
                continue
            with lock.open("rb") as stream:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(lock.parent, ignore_errors=True)
        except OSError:
            continue  # in use, or gone meanwhile


def handlers() -> dict[int, Any]:
    """What is done on requests to end; nothing in a thread, which has no say in it."""
    if threading.current_thread() is not threading.main_thread():
        return {}
    return {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}


def put_back(kept: dict[int, Any]) -> None:
    """Leave to edgekit what it does when it is asked to end: Ray puts handlers of its own in the place."""
    for number, handler in kept.items():
        signal.signal(number, handler)
