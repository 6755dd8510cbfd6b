"""Two pipes to a worker that stays: what it is asked, and what it replies, a JSON document a line each."""

import json
import os
import select
import threading
import time
from typing import Any, Protocol

LARGEST_REPLY = 1 << 20
_POLL_SECONDS = 0.2


class Gone(Exception):
    """The worker has ended, or does not speak as it should."""


class Silent(Exception):
    """The worker has not replied in time."""


class Handed(Protocol):
    """Descriptors that a worker is started with."""

    @property
    def workers_ends(self) -> tuple[int, ...]:
        """Them, by their numbers here and there."""
        ...

    def close_workers_ends(self) -> None:
        """Called once the worker has them."""
        ...


class Channel:
    """The core's ends of the pipes, and until the worker is there its ends too."""

    def __init__(self) -> None:
        requests, self._asking = os.pipe()
        self._listening, replies = os.pipe()
        self.workers_ends: tuple[int, ...] = (requests, replies)
        self._buffer = b""
        self._lock = threading.Lock()

    @property
    def numbers(self) -> dict[str, int]:
        """What a worker is told of its ends: `requests` and `replies`."""
        return dict(zip(("requests", "replies"), self.workers_ends, strict=True))

    def ask(self, request: dict[str, Any]) -> None:
        """Send a request. Raises Gone."""
        try:
            os.write(self._asking, json.dumps(request).encode() + b"\n")
        except OSError as error:
            raise Gone(str(error)) from None

    def reply(self, seconds: float, cancelled: threading.Event) -> dict[str, Any]:
        """Wait for a reply. Raises Gone, Silent after `seconds`, and Gone once `cancelled` is set."""
        deadline = time.monotonic() + seconds
        while b"\n" not in self._buffer:
            if cancelled.is_set():
                raise Gone("cancelled")
            if time.monotonic() > deadline:
                raise Silent
            if not select.select([self._listening], [], [], _POLL_SECONDS)[0]:
                continue
            part = os.read(self._listening, 1 << 16)
            if not part or len(self._buffer) > LARGEST_REPLY:
                raise Gone("it has closed its pipe")
            self._buffer += part
        line, _, self._buffer = self._buffer.partition(b"\n")
        try:
            said = json.loads(line)
        except (ValueError, RecursionError):
            raise Gone("its reply cannot be read") from None
        if not isinstance(said, dict):
            raise Gone("its reply cannot be read")
        return said

    def end_requests(self) -> None:
        """Nothing more is asked: a worker ends then."""
        with self._lock:
            if self._asking >= 0:
                os.close(self._asking)
                self._asking = -1

    def close_workers_ends(self) -> None:
        """Close the worker's ends here: with its own gone, this side notices that it has ended."""
        with self._lock:
            for end in self.workers_ends:
                os.close(end)
            self.workers_ends = ()

    def close(self) -> None:
        """Close what is open of it."""
        self.end_requests()
        self.close_workers_ends()
        with self._lock:
            if self._listening >= 0:
                os.close(self._listening)
                self._listening = -1
