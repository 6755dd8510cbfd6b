"""The sockets of a server. REST's is opened here and handed to the worker, which so needs to open none for it."""

import os
import socket
from errno import EADDRNOTAVAIL

from edgekit.errors import UsageError

BACKLOG = 256


def listening(host: str, port: int, flag: str) -> socket.socket:
    """A socket that listens. Raises UsageError where it cannot: the port is taken, or the address is not of here.

    `flag` is the one that says another port.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OverflowError:
        reason = "there is no such port"
    except socket.gaierror as error:
        reason, flag = str(error.strerror), "--host"
    except OSError as error:
        # The words that Python adds say again where.
        reason, flag = os.strerror(error.errno or 0), "--host" if error.errno == EADDRNOTAVAIL else flag
    raise UsageError(f"nothing can listen on {host} port {port}: {reason}", f"Give another {flag}.")


def free_port(host: str, port: int, flag: str) -> int:
    """`port`, or a free one where that is 0. Raises UsageError as `listening` does."""
    with listening(host, port, flag) as tried:
        return tried.getsockname()[1]


def address(host: str, port: int) -> str:
    """Both, as an address has them."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
