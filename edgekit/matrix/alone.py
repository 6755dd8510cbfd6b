"""One matrix at a time writes into a folder: what the other has made is then taken from its records."""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from edgekit.untrusted.files import resolved


@contextmanager
def alone_in(out: Path, cache: Path, notify: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock of an output folder, which lies in the cache; `notify` is told where it must be waited for."""
    from filelock import Timeout

    from edgekit.cache.lock import file_lock

    name = hashlib.sha256(b"matrix " + os.fsencode(resolved(out))).hexdigest()[:32]
    path = cache / "locks" / f"{name}.lock"
    lock = file_lock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        notify(f"another `edgekit matrix` writes into {out}: waiting for its end")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
