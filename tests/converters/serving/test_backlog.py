"""What waits at a listening socket is counted, and taken before the socket is closed."""

import asyncio
import socket
import sys
import threading

import pytest

from tests.converters.loading import load

backlog = load("serving", "backlog")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell how many wait")


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

    async def serve(listener: socket.socket) -> None:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(await reader.readexactly(1))
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(answer, sock=listener)
        await asyncio.sleep(0.2)
        await backlog.emptied(listener, 5)
        server.close()
        await asyncio.sleep(0.2)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
        ended = threading.Event()

        def ask() -> None:
            while not ended.is_set():
                try:
                    client = socket.create_connection(address, timeout=0.5)
                except OSError:
                    return
                with client:
                    try:
                        client.sendall(b"x")
                        outcomes.append(client.recv(1))
                    except OSError:
                        outcomes.append(b"")

        clients = [threading.Thread(target=ask) for _ in range(8)]
        for client in clients:
            client.start()
        asyncio.run(serve(listener))
        ended.set()
        for client in clients:
            client.join()
    assert len(outcomes) > 8 and set(outcomes) == {b"x"}
