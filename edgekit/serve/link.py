"""What connects a server with a model's runner: memory that both share, and two pipes."""

import json
import os
import tempfile
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Ends:
    """Descriptors that are handed to a worker, and closed here with the link and not before."""

    workers_ends: tuple[int, ...]

    def close_workers_ends(self) -> None:
        """They stay: a runner that crashes is followed by another one, on the same link."""


@dataclass
class Link:
    """A link, laid out as `edgekit.serve.layout` says."""

    layout: dict[str, Any]
    _requests: tuple[int, int] = field(init=False)
    _replies: tuple[int, int] = field(init=False)
    _memory: int = field(init=False)

    def __post_init__(self) -> None:
        self._requests, self._replies = os.pipe(), os.pipe()
        size = self.layout["slots"] * self.layout["bytes"]
        if hasattr(os, "memfd_create"):
            self._memory = os.memfd_create("edgekit-serve")
        else:
            with tempfile.TemporaryFile() as file:
                self._memory = os.dup(file.fileno())
        os.ftruncate(self._memory, size)

    @property
    def runners_ends(self) -> Ends:
        """What the runner gets."""
        return Ends((self._requests[0], self._replies[1], self._memory))

    @property
    def runners_option(self) -> dict[str, Any]:
        """What the runner is told (`edgeworker.serving`)."""
        return self._option(self.runners_ends.workers_ends)

    @property
    def servers_ends(self) -> tuple[int, ...]:
        """What the server gets."""
        return (self._requests[1], self._replies[0], self._memory)

    @property
    def servers_option(self) -> dict[str, Any]:
        """What the server is told."""
        return self._option(self.servers_ends)

    def _option(self, ends: tuple[int, ...]) -> dict[str, Any]:
        return {**dict(zip(("requests", "replies", "memory"), ends, strict=True)), "layout": self.layout}

    def end(self) -> None:
        """Ask the runner to end."""
        os.write(self._requests[1], json.dumps({"end": True}).encode() + b"\n")

    def forget_requests(self) -> None:
        """Take out what a runner that is gone has left unread; the server has been told, and asks nothing now."""
        end = self._requests[0]
        os.set_blocking(end, False)
        try:
            while os.read(end, 1 << 16):
                pass
        except BlockingIOError:
            return
        finally:
            os.set_blocking(end, True)

    def close(self) -> None:
        """Close all of it."""
        for end in (*self._requests, *self._replies, self._memory):
            os.close(end)
