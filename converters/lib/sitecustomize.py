"""Python imports this by itself at the start of every worker, since this folder leads PYTHONPATH.

A worker must not outlive the edgekit that started it, even one ended by `kill -9` while the worker still imports its
toolchain, which takes seconds. So the kernel is asked before anything else; waiting for `main` would be too late.
"""

import os
import sys

EDGEKIT_PID = "EDGEKIT_PID"  # the process that started the worker; absent where a worker is started by hand


def die_with_parent(parent: int) -> None:
    """On Linux, end when the process `parent` ends."""
    if sys.platform != "linux":
        return
    import ctypes
    import signal

    PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it has ended already
        os._exit(1)


# Taken out: what a worker starts has the worker for its parent.
if edgekit := os.environ.pop(EDGEKIT_PID, None):
    die_with_parent(int(edgekit))
