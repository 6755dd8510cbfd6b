"""What waits at a listening socket is counted, and taken before the socket is closed."""

import asyncio
import socket
import sys
import threading

import pytest

from conftest import PATIENCE_SECONDS
from tests.converters.loading import load

backlog = load("serving", "backlog")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell how many wait")

ANSWERS = 200


def test_those_that_wait_are_counted() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        clients = [socket.create_connection(listener.getsockname()) for _ in range(3)]
        assert backlog.waiting(listener) == 3
        listener.accept()[0].close()
        assert backlog.waiting(listener) == 2
        for client in clients:
            client.close()


def test_none_is_left_when_the_socket_is_closed() -> None:
    """Clients who come one after the other while a server ends: each that was let in is answered."""
    outcomes: list[bytes] = []

    def ask(address: tuple[str, int]) -> None:
        while True:
            try:
                client = socket.create_connection(address, timeout=PATIENCE_SECONDS)
            except OSError:
                return  # the server has ended
            with client:
                try:
                    client.sendall(b"x")
                    outcomes.append(client.recv(1))
                except OSError:
                    outcomes.append(b"")

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readexactly(1))
        await writer.drain()
        writer.close()

    async def serve(listener: socket.socket) -> None:
        server = await asyncio.start_server(answer, sock=listener)
        clients = [threading.Thread(target=ask, args=(listener.getsockname(),), daemon=True) for _ in range(8)]
        for client in clients:
            client.start()
        while len(outcomes) <= ANSWERS:
            await asyncio.sleep(0.001)
        await backlog.emptied(listener, PATIENCE_SECONDS)
        server.close()
        while any(client.is_alive() for client in clients):
            await asyncio.sleep(0.001)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        asyncio.run(serve(listener))
    assert len(outcomes) > ANSWERS and set(outcomes) == {b"x"}
