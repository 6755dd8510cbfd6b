"""What a failing disk means to the user."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edgekit.errors import ConversionError


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn an OSError from writing `path` into a ConversionError of one sentence."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT) or "No space left" in str(error):
            raise ConversionError(
                f"the disk is full: {path} could not be written",
                "Free some space, or set EDGEKIT_CACHE to another disk",
            ) from error
        raise ConversionError(
            f"{path} could not be written ({error.strerror or error})",
            "Set EDGEKIT_CACHE to a folder you can write to",
        ) from error
