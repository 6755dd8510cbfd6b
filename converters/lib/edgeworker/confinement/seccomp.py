"""A seccomp filter that refuses sockets: of every kind, not only TCP, and also those to programs on this machine.

Those of UNIX count: through them the session's manager, Docker or an SSH agent do what a worker may not. Pairs of
connected sockets, with which a program talks to its own children, stay. A worker's children stay in its process group
as well, so that they end with it. The filter is one of classic BPF: Linux, Documentation/userspace-api/
seccomp_filter.rst, <linux/seccomp.h>, <linux/filter.h>, <linux/audit.h>.
"""

import ctypes
import errno
import os
import struct
from typing import NamedTuple

from edgeworker.confinement.system import system_call

_SET_MODE_FILTER, _GET_ACTION_AVAIL = 1, 2
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_LOAD, _AND, _EQUAL, _AT_LEAST, _HAS, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST, _SECOND, _THIRD, _FOURTH = 0, 4, 16, 24, 32, 40  # struct seccomp_data, little endian
_AF_UNIX, _AF_INET, _AF_INET6 = 1, 2, 10
_SOCK_STREAM, _SOCK_DGRAM, _SOCK_SEQPACKET, _TYPES = 1, 2, 5, 0xF
_MSG_FASTOPEN = 0x20000000  # sends and connects in one


class _Calls(NamedTuple):
    """The numbers of one architecture's calls (asm/unistd.h); `foreign` is where those of another convention begin."""

    architecture: int
    seccomp: int
    socket: int
    socketpair: int
    connect: int
    sendto: int
    sendmsg: int
    sendmmsg: int
    setpgid: int
    setsid: int
    foreign: int


_MACHINES = {
    "x86_64": _Calls(0xC000003E, 317, 41, 53, 42, 44, 46, 307, 109, 112, 0x40000000),
    "aarch64": _Calls(0xC00000B7, 277, 198, 199, 203, 206, 211, 269, 154, 157, 0x40000000),
}
_IO_URING_SETUP = 425  # on every architecture; its requests, sockets among them, pass no filter


def available() -> bool:
    """Whether the kernel takes filters, and the numbers of its calls are known here."""
    calls = _MACHINES.get(os.uname().machine)
    if calls is None or struct.calcsize("P") != 8:
        return False
    action = ctypes.c_uint32(_ERRNO)
    try:
        system_call(calls.seccomp, _GET_ACTION_AVAIL, 0, ctypes.byref(action))
    except OSError:
        return False
    return True


def refuse_sockets(*, gpu: bool = False, listen: bool = False) -> None:
    """Refuse, with PermissionError, what opens a socket. CUDA passes its memory on through one kind that `gpu` allows.

    With `listen` TCP sockets are opened, and none is connected to anything.

    The process must have given up privileges before. Raises OSError where the kernel refuses the filter.
    """
    program = b"".join(_program(_MACHINES[os.uname().machine], gpu, listen))
    code = ctypes.create_string_buffer(program, len(program))
    # struct sock_fprog: how many instructions, and where.
    head = ctypes.create_string_buffer(struct.pack("H6xP", len(program) // 8, ctypes.addressof(code)))
    system_call(_MACHINES[os.uname().machine].seccomp, _SET_MODE_FILTER, 0, head)


def _program(calls: _Calls, gpu: bool, listen: bool) -> list[bytes]:
    """The instructions. A comparison's two numbers say how many are skipped: where it holds, and where not."""
    refuse, allow = _step(_RETURN, _ERRNO | errno.EPERM), _step(_RETURN, _ALLOW)
    steps = [
        _step(_LOAD, _ARCHITECTURE),
        _step(_EQUAL, calls.architecture, 1, 0),
        refuse,  # a program for another processor, whose calls have other numbers
        _step(_LOAD, _NUMBER),
        _step(_AT_LEAST, calls.foreign, 0, 1),
        refuse,
    ]
    for number in (_IO_URING_SETUP, calls.setpgid, calls.setsid):
        steps += [_step(_EQUAL, number, 0, 1), refuse]
    # A pair that is not of datagrams: these could be connected to another's address afterwards.
    pair = [*_is_unix(), _step(_LOAD, _SECOND), _step(_AND, _TYPES), _step(_EQUAL, _SOCK_DGRAM, 0, 1), refuse, allow]
    steps += [_step(_EQUAL, calls.socketpair, 0, len(pair)), *pair]
    one = [refuse]
    if gpu:
        kept = [_step(_LOAD, _SECOND), _step(_AND, _TYPES), _step(_EQUAL, _SOCK_SEQPACKET, 1, 0)]
        one = [*_is_unix(), *kept, refuse, allow]
    if listen:
        steps += [_step(_EQUAL, calls.connect, 0, 1), refuse]
        for number, flags in ((calls.sendto, _FOURTH), (calls.sendmsg, _THIRD), (calls.sendmmsg, _FOURTH)):
            sent = [_step(_LOAD, flags), _step(_HAS, _MSG_FASTOPEN, 0, 1), refuse, allow]
            steps += [_step(_EQUAL, number, 0, len(sent)), *sent]
        kept = [_step(_LOAD, _SECOND), _step(_AND, _TYPES), _step(_EQUAL, _SOCK_STREAM, 1, 0)]
        one = [*_is_internet(), *kept, refuse, allow]
    return [*steps, _step(_EQUAL, calls.socket, 0, len(one)), *one, allow]


def _is_unix() -> list[bytes]:
    """Go on where the first argument is AF_UNIX, else refuse."""
    return [_step(_LOAD, _FIRST), _step(_EQUAL, _AF_UNIX, 1, 0), _step(_RETURN, _ERRNO | errno.EPERM)]


def _is_internet() -> list[bytes]:
    """Go on where the first argument is AF_INET or AF_INET6, else refuse."""
    refuse = _step(_RETURN, _ERRNO | errno.EPERM)
    return [_step(_LOAD, _FIRST), _step(_EQUAL, _AF_INET, 2, 0), _step(_EQUAL, _AF_INET6, 1, 0), refuse]


def _step(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    """One instruction: struct sock_filter."""
    return struct.pack("HBBI", code, yes, no, value)
