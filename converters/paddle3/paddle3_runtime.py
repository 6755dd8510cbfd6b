"""Imports Paddle 3 quietly; every module here takes `paddle` from this one."""

# Before Paddle, as in Paddle 2, whose own zlib breaks one that comes later. With 3.3.1 that was not seen any more.
import zlib  # noqa: F401  isort: skip
import os
import warnings

# Read once, while Paddle is being imported: errors only.
os.environ.setdefault("GLOG_minloglevel", "2")

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it misses a C compiler's cache, which nobody needs here
    import paddle

__all__ = ["first_words", "paddle", "set_threads"]


def set_threads(count: int) -> None:
    """Let the CPU kernels that run from now on use `count` threads (the math library's and OpenMP's)."""
    paddle.base.core.set_num_threads(count)


def first_words(error: Exception) -> str:
    """The one line of an error that says what is wrong; Paddle's own starts with its class, or names it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    for line in lines:
        kind, colon, message = line.partition(": ")
        if colon and kind.endswith("Error"):
            return message.rstrip(".")
        if line.startswith("(") and ") " in line:
            return line.partition(") ")[2].rstrip(".")
    return lines[-1].rstrip(".")
