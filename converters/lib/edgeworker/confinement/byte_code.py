"""Keeps the workers' own modules compiled, since a confined worker cannot do it."""

import os
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import cache_from_source


def compile_sources(*folders: str) -> None:
    """Compile the modules below `folders` whose byte code is older than they are, where it can and may be written."""
    if sys.dont_write_bytecode:
        return
    for folder in folders:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.endswith(".py"):
                    if _age(cache_from_source(entry.path)) < entry.stat().st_mtime:
                        SourceFileLoader(entry.name, entry.path).get_code(entry.name)
                elif "." not in entry.name and entry.name != "__pycache__" and entry.is_dir():
                    compile_sources(entry.path)


def _age(path: str) -> float:
    """When a file was written; before everything where it is not there."""
    try:
        return os.stat(path).st_mtime  # noqa: PTH116  pathlib would cost more than all of this
    except OSError:
        return -1
