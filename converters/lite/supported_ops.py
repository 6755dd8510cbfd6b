"""Which operators Paddle Lite can run on a target: its own table, read before `opt` would end the process."""

import re
from typing import Any

from edgeworker.caught_output import caught_output
from edgeworker.paddle_program import Op, ops

_ROW = re.compile(r"^\s*(\w+)(?:\s+Y)+\s*$", re.ASCII)


def supported_ops(target: str) -> frozenset[str]:
    """The operator types with a kernel for `target` ("arm", "x86") or for every host.

    Paddle Lite offers the table only as text on the process's standard output, which is caught here.
    """
    from paddlelite.lite import Opt

    opt = Opt()
    opt.set_valid_places(target)
    return parse_table(caught_output(opt.print_supported_ops))


def missing_operators(program: Any, target: str) -> list[Op]:
    """The operators of a ProgramDesc that have no kernel for `target`, in order."""
    known = supported_ops(target)
    return [op for op in ops(program) if op.desc.type not in known]


def parse_table(table: str) -> frozenset[str]:
    """The names in the first column of rows that have a mark: `conv2d   Y     Y`."""
    return frozenset(match[1] for line in table.splitlines() if (match := _ROW.match(line)))
