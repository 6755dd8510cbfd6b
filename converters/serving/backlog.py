"""Connections that the system has taken for a listening socket, and that the server has not: closing it resets them."""

import asyncio
import socket

_TCP_INFO_BYTES = 28
_WAITING = slice(24, 28)
"""`tcpi_unacked` of `struct tcp_info` (linux/tcp.h): of a listening socket, how many connections wait to be accepted
(tcp_get_info in net/ipv4/tcp.c)."""
POLL_SECONDS = 0.001


async def emptied(listener: socket.socket, seconds: float) -> None:
    """Return once all connections are accepted, or after so many seconds; few new ones come meanwhile.

    Whoever is turned away has no answer to the first packet, and tries again until the socket is closed.
    """
    listener.listen(0)
    deadline = asyncio.get_running_loop().time() + seconds
    while waiting(listener) and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(POLL_SECONDS)


def waiting(listener: socket.socket) -> int:
    """How many connections wait to be accepted; 0 on systems that do not tell."""
    option = getattr(socket, "TCP_INFO", None)
    if option is None:
        return 0
    told = listener.getsockopt(socket.IPPROTO_TCP, option, _TCP_INFO_BYTES)
    return int.from_bytes(told[_WAITING], "little")
