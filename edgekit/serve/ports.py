"""The sockets of a server. REST's is opened here and handed to the worker, which so needs to open none for it."""

import socket

from edgekit.errors import UsageError

BACKLOG = 256


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises UsageError where it cannot: the port is taken, or the address is not of here."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) else "there is no such port"
        raise UsageError(f"nothing can listen on {host} port {port}: {reason}", "Give another --http-port.") from None


def free_port(host: str, port: int) -> int:
    """`port`, or a free one where that is 0. Raises UsageError where nothing may listen on it."""
    with listening(host, port) as tried:
        return tried.getsockname()[1]


def address(host: str, port: int) -> str:
    """Both, as an address has them."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
