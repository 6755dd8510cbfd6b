"""The server's side of a link to a model's runner (`edgeworker.serving`): calls go out, and their ends come back."""

import asyncio
import json
import os
from collections.abc import Callable
from typing import Any

from edgeworker.slots import Slots
from problems import AWAY, Problem

ENDED = "the model's runner has ended, and is started again"

Told = Callable[[float | Problem], None]
"""Is told of a call's end: the runtime's time in seconds, or a Problem where the runner has ended."""


class RunnerLink:
    """One runner. Its calls end in the order that they were made in."""

    def __init__(self, told: dict[str, Any], loop: asyncio.AbstractEventLoop) -> None:
        self.slots, self.slot_count = Slots(told["memory"], told["layout"]), told["layout"]["slots"]
        self._requests, self._replies = told["requests"], told["replies"]
        self._buffer, self._made = b"", 0
        self._calls: dict[int, Told] = {}
        self.loaded = asyncio.Event()
        os.set_blocking(self._replies, False)
        loop.add_reader(self._replies, self._read)

    def call(self, slot: int, count: int, ended: Told) -> None:
        """Have the first `count` samples of a slot run.

        Raises Problem where no runner is there that has loaded the model: the next one would find the call unread.
        """
        if not self.loaded.is_set():
            raise Problem(ENDED, AWAY)
        self._made += 1
        self._calls[self._made] = ended
        os.write(self._requests, b'{"call": %d, "slot": %d, "count": %d}\n' % (self._made, slot, count))

    def gone(self) -> None:
        """The runner has ended: so has every call of it. What it still said is heard, but for the start of a line."""
        self._read()
        self.loaded.clear()
        self._buffer = b""
        calls, self._calls = self._calls, {}
        for ended in calls.values():
            ended(Problem(ENDED, AWAY))

    def hung(self) -> None:
        """The runner does not answer: it is asked no more. Its calls end with it."""
        self.loaded.clear()

    def _read(self) -> None:
        try:
            while part := os.read(self._replies, 1 << 16):
                self._buffer += part
        except BlockingIOError:
            pass
        *lines, self._buffer = self._buffer.split(b"\n")
        for line in lines:
            said = json.loads(line)
            if said.get("loaded"):
                self.loaded.set()
            elif (ended := self._calls.pop(said.get("call", 0), None)) is not None:
                ended(float(said["seconds"]))
