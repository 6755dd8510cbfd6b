"""Landlock: where this process and what it starts may write, with the kernel's own check at each path.

Linux, Documentation/userspace-api/landlock.rst and include/uapi/linux/landlock.h. Each ABI adds rights; what an older
one does not know cannot be asked of it.
"""

import ctypes
import os
from collections.abc import Sequence

from edgeworker.confinement.system import system_call

# The same on every architecture.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION = 1
_PATH_BENEATH, _NET_PORT = 1, 2

_WRITE_FILE, _TRUNCATE, _IOCTL_DEV = 1 << 1, 1 << 14, 1 << 15
_REMOVE_AND_MAKE = sum(1 << bit for bit in range(4, 13))  # folders, files, sockets, pipes, devices, links
_REFER = 1 << 13  # move or link to another folder; without it, the kernel refuses that everywhere
_BIND_TCP, _CONNECT_TCP = 1 << 0, 1 << 1
_SCOPE_ABSTRACT_SOCKETS, _SCOPE_SIGNALS = 1 << 0, 1 << 1

MOVES, TRUNCATES, TCP, DEVICES, SCOPES = 2, 3, 4, 5, 6  # the ABIs that brought them


class _Ruleset(ctypes.Structure):
    _fields_ = (("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


class _Port(ctypes.Structure):
    _fields_ = (("allowed", ctypes.c_uint64), ("port", ctypes.c_uint64))


def abi_version() -> int:
    """The kernel's Landlock ABI; 0 where it has none, or where something around this process refuses to say."""
    try:
        return system_call(_CREATE_RULESET, None, 0, _ASK_VERSION)
    except OSError:
        return 0


def restrict_writes(abi: int, folders: Sequence[str], devices: Sequence[str], listen: Sequence[int] = ()) -> None:
    """Allow changes below `folders` and writing to `devices`; no others, no TCP, no signals to processes outside.

    With `listen` TCP sockets may be bound to these ports.

    The process must have given up privileges before. `abi` says how much of that is asked for: moves between folders
    from 2 (before, none are possible), truncation from 3, TCP from 4, control of devices from 5, signals and abstract
    sockets from 6. Raises OSError.
    """
    files = _WRITE_FILE | (_TRUNCATE if abi >= TRUNCATES else 0) | (_IOCTL_DEV if abi >= DEVICES else 0)
    everything = files | _REMOVE_AND_MAKE | (_REFER if abi >= MOVES else 0)
    wanted = _Ruleset(
        everything,
        _BIND_TCP | _CONNECT_TCP if abi >= TCP else 0,
        _SCOPE_ABSTRACT_SOCKETS | _SCOPE_SIGNALS if abi >= SCOPES else 0,
    )
    # An old kernel accepts a longer structure where the rest of it is zero.
    ruleset = system_call(_CREATE_RULESET, ctypes.byref(wanted), ctypes.sizeof(wanted), 0)
    try:
        for path, allowed in [*((one, everything) for one in folders), *((one, files) for one in devices)]:
            _allow(ruleset, path, allowed)
        for port in listen if abi >= TCP else ():
            system_call(_ADD_RULE, ruleset, _NET_PORT, ctypes.byref(_Port(_BIND_TCP, port)), 0)
        system_call(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, allowed: int) -> None:
    """Add a rule for `path` and what is below it."""
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rule = _Beneath(allowed, descriptor)
        system_call(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(descriptor)
