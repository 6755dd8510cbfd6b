"""A port or an address that cannot be had is refused with the flag that says another."""

import socket

import pytest

from edgekit.errors import UsageError
from edgekit.serve.ports import free_port, listening


@pytest.mark.parametrize("flag", ["--http-port", "--grpc-port"])
def test_a_taken_port_names_its_own_flag(flag: str) -> None:
    with listening("127.0.0.1", 0, flag) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=rf"127.0.0.1 port {port}: Address already in use. Give another {flag}\."):
            free_port("127.0.0.1", port, flag)
    assert free_port("127.0.0.1", 0, flag) > 0


def test_another_machines_address_is_not_the_ports_fault() -> None:
    with pytest.raises(UsageError, match=r"Give another --host\."):
        listening("192.0.2.1", 0, "--http-port")


def test_a_port_beyond_the_last_is_none() -> None:
    with pytest.raises(UsageError, match=r"there is no such port. Give another --http-port\."), socket.socket():
        listening("127.0.0.1", 65536, "--http-port")
