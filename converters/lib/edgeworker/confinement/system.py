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


def give_up_privileges() -> None:
    """Let nothing started from here gain rights (setuid programs): what the kernel asks of who confines itself."""
    words = [ctypes.c_ulong(one) for one in (1, 0, 0, 0)]
    if _LIBC.prctl(ctypes.c_int(_PR_SET_NO_NEW_PRIVS), *words) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
