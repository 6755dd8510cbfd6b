"""System calls that Python has no function for."""

import ctypes
import os
from typing import Any

_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_NO_NEW_PRIVS = 38  # <linux/prctl.h>


def system_call(number: int, *arguments: Any) -> int:
    """What the system call answers. Raises OSError where it fails."""
    # syscall(2) takes longs; a plain int would leave the upper half of a register as it happens to be.
    words = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    answer = _LIBC.syscall(ctypes.c_long(number), *words)
    if answer < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return answer


class _CapabilityHead(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Capabilities(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_uint32) for name in ("effective", "permitted", "inheritable"))


def give_up_capabilities() -> None:
    """Where root is who works, keep what opens files of other users, and nothing else: no clock, module or mount.

    <linux/capability.h>. Raises OSError.
    """
    head, found = _CapabilityHead(0x20080522, 0), (_Capabilities * 2)()
    if _LIBC.capget(ctypes.byref(head), found) == 0:
        kept = sum(1 << one for one in (0, 1, 2, 3))  # CHOWN, DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER
        for number, part in enumerate(found):
            part.effective &= kept if number == 0 else 0
            part.permitted &= kept if number == 0 else 0
            part.inheritable = 0
        if _LIBC.capset(ctypes.byref(head), found) == 0:
            return
    code = ctypes.get_errno()
    raise OSError(code, os.strerror(code))


def give_up_privileges() -> None:
    """Let nothing started from here gain rights (setuid programs): what the kernel asks of who confines itself."""
    words = [ctypes.c_ulong(one) for one in (1, 0, 0, 0)]
    if _LIBC.prctl(ctypes.c_int(_PR_SET_NO_NEW_PRIVS), *words) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
