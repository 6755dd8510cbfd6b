"""HTTP connections with time limits: whoever sends a request's head too slowly, or reads no answer, is left.

A body is handed on whole: its reader is woken once.
"""

import asyncio
from typing import Any

from body import BODY, Body
from rest_body import whole_number
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 15.0
READ_SECONDS = 60.0


class BoundedConnection(HttpToolsProtocol):
    """uvicorn's connection, which by itself waits forever for a first request and for a reader.

    A body that is announced to be larger than `largest` bytes is not read, and of another one not more.
    """

    largest = 0
    _body = Body(0)
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
        announced = whole_number(dict(self.headers).get(b"content-length", b"0")) or 0
        self._body = Body(announced if announced <= self.largest else 0)
        self.cycle.body = self._body  # type: ignore[assignment]
        self.scope[BODY] = self._body  # type: ignore[literal-required]

    def on_body(self, body: bytes) -> None:
        """A part of the body has come. uvicorn would wake the reader, and read no more until that has taken it."""
        if self.cycle.response_complete:
            return
        self._body.add(body)
        if self._body.size > self.largest:
            self.flow.pause_reading()
            self.cycle.message_event.set()

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


def bounded(largest: int) -> type[BoundedConnection]:
    """Connections whose bodies may have `largest` bytes."""
    return type("Connection", (BoundedConnection,), {"largest": largest})


def stopped(timer: asyncio.TimerHandle | None) -> None:
    """Stop a timer, where there is one."""
    if timer is not None:
        timer.cancel()
