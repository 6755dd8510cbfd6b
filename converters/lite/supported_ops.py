"""Which operators Paddle Lite can run on a target: its own table, read before `opt` would end the process."""

import os
import re
import sys
import tempfile
from typing import Any

from edgeworker.paddle_program import Op, ops

_ROW = re.compile(r"^\s*(\w+)(?:\s+Y)+\s*$", re.ASCII)


def supported_ops(target: str) -> frozenset[str]:
    """The operator types with a kernel for `target` ("arm", "x86") or for every host.

    Paddle Lite offers the table only as text on the process's standard output, which is caught here.
    """
    from paddlelite.lite import Opt

    opt = Opt()
    opt.set_valid_places(target)
    with tempfile.TemporaryFile() as caught:
        sys.stdout.flush()
        ordinary = os.dup(1)
        try:
            os.dup2(caught.fileno(), 1)
            opt.print_supported_ops()
        finally:
            os.dup2(ordinary, 1)
            os.close(ordinary)
        caught.seek(0)
        table = caught.read().decode("utf-8", "replace")
    return parse_table(table)


def missing_operators(program: Any, target: str) -> list[Op]:
    """The operators of a ProgramDesc that have no kernel for `target`, in order."""
    known = supported_ops(target)
    return [op for op in ops(program) if op.desc.type not in known]


def parse_table(table: str) -> frozenset[str]:
    """The names in the first column of rows that have a mark: `conv2d   Y     Y`."""
    return frozenset(match[1] for line in table.splitlines() if (match := _ROW.match(line)))
