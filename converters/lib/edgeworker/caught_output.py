"""What native code prints: it writes to the process's standard output, past Python's."""

import os
import sys
import tempfile
from collections.abc import Callable


def caught_output(job: Callable[[], object]) -> str:
    """Run `job`; returns what came to the standard output meanwhile."""
    with tempfile.TemporaryFile() as caught:
        sys.stdout.flush()
        ordinary = os.dup(1)
        try:
            os.dup2(caught.fileno(), 1)
            job()
        finally:
            sys.stdout.flush()
            os.dup2(ordinary, 1)
            os.close(ordinary)
        caught.seek(0)
        return caught.read().decode("utf-8", "replace")
