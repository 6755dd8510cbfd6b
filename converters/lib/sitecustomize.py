"""Python imports this by itself at the start of every worker, since this folder leads PYTHONPATH.

A worker must not outlive the edgekit that started it, even one ended by `kill -9` while the worker still imports its
toolchain, which takes seconds. So the kernel is asked before anything else; waiting for `main` would be too late. It is
confined here for the same reason: a toolchain's libraries are native code and come next.
"""

import os
import sys

EDGEKIT_PID = "EDGEKIT_PID"  # the process that started the worker; absent where a worker is started by hand
# JSON: the `folders` it may write into, the first for caches; `gpu`; ports to `listen` on; its `sources`.
EDGEKIT_CONFINE = "EDGEKIT_CONFINE"


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


def stay_confined(asked: str) -> None:
    """On Linux, give up the network and all writing elsewhere; a kernel that refuses what it offers ends the worker."""
    if sys.platform != "linux":
        return
    try:
        import json

        from edgeworker.confinement import confine, settle_in
        from edgeworker.confinement.byte_code import compile_sources

        wanted = json.loads(asked)
        compile_sources(*wanted["sources"])
        settle_in(wanted["folders"][0])
        confine(wanted["folders"], gpu=wanted["gpu"], listen=wanted["listen"])
    except BaseException as error:  # Python would print it, and go on without
        print(f"Error: this worker could not be confined: {error!r}", file=sys.stderr, flush=True)
        os._exit(1)


# Taken out: what a worker starts has the worker for its parent, and is confined with it.
if edgekit := os.environ.pop(EDGEKIT_PID, None):
    die_with_parent(int(edgekit))
if folders := os.environ.pop(EDGEKIT_CONFINE, None):
    stay_confined(folders)
