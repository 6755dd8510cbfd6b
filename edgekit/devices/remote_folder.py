"""A folder of edgekit's own on a device, which goes in the end, and those that an earlier run could not remove.

Its name says which process on which machine made it: where a phone was unplugged in the middle, or edgekit was killed,
the next run from here removes what is left, and nothing of anybody who is still at work.
"""

import os
import platform
import re
import secrets
import shlex
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache

from edgekit.devices.connection import Connection
from edgekit.devices.remote_errors import unwritable
from edgekit.errors import AbsentError
from edgekit.filesystem.hashing import data_sha256

# To make and to remove a folder takes no time; a device that hangs must not hold up the end.
SECONDS = 30.0
NUMBER = "runner.pid"
"""The file with the number of the process that runs there, which is ended where edgekit cannot wait for it any more."""


@contextmanager
def folder_on(connection: Connection) -> Iterator[str]:
    """A folder of our own on the device, which goes in the end; one that is out of reach by then is left.

    One run at a time has a device, so that any other folder of this process is left over.
    """
    clear_leftovers(connection)
    folder = f"{connection.folder}/edgekit-{here()}-{os.getpid()}-{secrets.token_hex(8)}"
    try:
        made = connection.run(f"mkdir {shlex.quote(folder)}", seconds=SECONDS)
        if made.status:
            raise unwritable(connection, made)
        yield folder
    finally:
        with suppress(AbsentError):
            remove(connection, [folder])


def clear_leftovers(connection: Connection) -> None:
    """Remove the folders of processes of this machine that are no more."""
    import psutil

    listed = connection.run(f"ls {shlex.quote(connection.folder)}", seconds=SECONDS).stdout.split()
    ours = re.compile(rf"edgekit-{here()}-(\d{{1,10}})-[0-9a-f]{{16}}")
    found = {name: int(match[1]) for name in listed if (match := ours.fullmatch(name))}
    left = [name for name, process in found.items() if process == os.getpid() or not psutil.pid_exists(process)]
    if left:
        remove(connection, [f"{connection.folder}/{name}" for name in left])


def remove(connection: Connection, folders: list[str]) -> None:
    """Remove folders, and end what runs in them."""
    for folder in folders:
        place, name = shlex.quote(folder), folder.rpartition("/")[2]
        # By now the number may be another process's: only one that works in this folder is ended.
        connection.run(
            f"p=$(cat {place}/{NUMBER} 2>/dev/null)\n"
            f'if test -n "$p"; then case $(readlink /proc/$p/cwd) in */{name}) kill -9 $p;; esac; fi 2>/dev/null\n'
            f"rm -rf {place}",
            seconds=SECONDS,
        )


@cache
def here() -> str:
    """This machine, in eight digits."""
    return data_sha256([platform.node(), uuid.getnode()])[:8]
