"""What a worker may not do, asked of the kernel before anything native is loaded: no network, no write elsewhere.

Native parsers read files of strangers. Whoever takes one of them over gets a process that writes into its own scratch
and output folders and nowhere else (Landlock), and that opens no socket (a seccomp filter). Both hold for all that it
starts, need no root, and cannot be undone. Reading is as free as the user's. docs/confinement.md has the rest.
"""

import glob
import os
from collections.abc import Sequence
from typing import NamedTuple

# Written to by everything, and nothing is kept in them.
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
# NVIDIA's driver on a desktop, a Jetson, in WSL. CUDA gives its threads names: writing these must not fail, or cuInit
# ends with 304 (cudaErrorOperatingSystem).
GPU = ("/dev/nvidia*", "/dev/nvhost*", "/dev/nvmap", "/dev/nvgpu*", "/dev/dri", "/dev/dxg", "/proc/self/task")


class Confinement(NamedTuple):
    """What is in force: Landlock's ABI for the files (0: none), the guard of the network ("seccomp", "Landlock", "").

    Landlock's own guard of the network knows TCP alone.
    """

    landlock_abi: int
    network: str


def confine(folders: Sequence[str], *, gpu: bool = False, listen: Sequence[int] = ()) -> Confinement:
    """From now on write into `folders` and harmless devices only, and open no socket; with `gpu`, use one.

    A server opens TCP sockets, which connect to nothing and are bound to the ports of `listen` alone.

    What the kernel does not offer is left out; the answer says what holds. Raises OSError where the kernel offers
    something and then refuses it.
    """
    from edgeworker.confinement import landlock, seccomp
    from edgeworker.confinement.system import give_up_capabilities, give_up_privileges

    give_up_privileges()
    give_up_capabilities()
    abi = landlock.abi_version()
    patterns = (*DEVICES, *GPU) if gpu else DEVICES
    devices = [path for pattern in patterns for path in glob.glob(pattern)]  # noqa: PTH207  pathlib's costs more
    devices = [path for path in devices if os.access(path, os.F_OK)]  # not a link to a device that is gone
    if abi:
        landlock.restrict_writes(abi, folders, devices, listen)
    filtered = seccomp.available()
    if filtered:
        seccomp.refuse_sockets(gpu=gpu, listen=bool(listen))
    return Confinement(abi, "seccomp" if filtered else "Landlock" if abi >= landlock.TCP else "")


def settle_in(folder: str) -> None:
    """Let tools that insist on writing below the home folder (caches, fonts, data sets) do it in `folder`."""
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        os.environ[name] = folder
    for name in ("MPLCONFIGDIR", "NUMBA_CACHE_DIR", "CUDA_CACHE_PATH"):  # where the user has set one
        os.environ.pop(name, None)
