"""Imports Paddle safely; every module here takes `paddle` from this one."""

# Before Paddle: its library brings a zlib of its own, and whoever loads Python's afterwards (numpy's archives,
# zipfile) ends in a segmentation fault at the first decompression (Paddle 2.6.2).
import zlib  # noqa: F401  isort: skip
import os
import re

# Read once, while Paddle is being imported: warnings and errors only.
os.environ.setdefault("GLOG_minloglevel", "1")

import paddle
import paddle.base.proto.framework_pb2 as framework_pb2

__all__ = ["first_words", "framework_pb2", "paddle", "set_threads"]


def set_threads(count: int) -> None:
    """Let the CPU kernels that run from now on use `count` threads (the math library's and OpenMP's)."""
    paddle.base.core.set_num_threads(count)


def first_words(error: Exception) -> str:
    """The one line of an error that says what is wrong; Paddle's own starts with its class in brackets."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    for line in lines:
        if match := re.match(r"\([A-Z]\w+\) (.*)", line):
            return match[1].rstrip(".")
    return lines[-1].rstrip(".")
