"""HTTP connections with time limits: whoever sends a request's head too slowly, or reads no answer, is left."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 15.0
READ_SECONDS = 60.0


class BoundedConnection(HttpToolsProtocol):
    """uvicorn's connection, which by itself waits forever for a first request and for a reader."""

    _head: asyncio.TimerHandle | None = None
    _reading: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """A client has come, and has so long to say what it wants."""
        super().connection_made(transport)
        self._head = self.loop.call_later(HEAD_SECONDS, self._leave)

    def on_message_begin(self) -> None:
        """A further request has begun, and its head has so long, too."""
        super().on_message_begin()
        if self._head is None:
            self._head = self.loop.call_later(HEAD_SECONDS, self._leave)

    def on_headers_complete(self) -> None:
        """The head is there."""
        self._head = stopped(self._head)
        super().on_headers_complete()

    def pause_writing(self) -> None:
        """The client does not read what it asked for."""
        super().pause_writing()
        self._reading = self.loop.call_later(READ_SECONDS, self._leave)

    def resume_writing(self) -> None:
        """It reads."""
        self._reading = stopped(self._reading)
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self._head, self._reading = stopped(self._head), stopped(self._reading)
        super().connection_lost(exc)

    def _leave(self) -> None:
        self.transport.abort()


def stopped(timer: asyncio.TimerHandle | None) -> None:
    """Stop a timer, where there is one."""
    if timer is not None:
        timer.cancel()
