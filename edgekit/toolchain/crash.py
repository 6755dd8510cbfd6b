"""Picks the one line of a worker's log that says what went wrong."""

import re
from collections.abc import Sequence
from pathlib import Path

# Strongest first. Paddle Lite and Paddle log as glog does ("[F 11/22 ... file:line func] text"), Python raises,
# C++ terminates, Paddle prints an "Error:" line below a banner of dashes.
PATTERNS = [
    re.compile(r"^\[?F\s?[\d/]+ .*?\](?P<text>.+)$"),
    re.compile(r"^(?P<text>\w*(?:Error|Exception)\b.*:.*)$"),
    re.compile(r"^\s*what\(\):\s*(?P<text>.+)$"),
    re.compile(r"^(?P<text>.*No space left on device.*)$"),
    re.compile(r"^(?P<text>.*\b(?:error|fatal|failed|not supported|unsupported)\b.*)$", re.IGNORECASE),
]
TRACEBACK = "Traceback (most recent call last):"
QUALIFIED = re.compile(r"^(?:\w+\.)+(?=\w+:)")
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
TAIL_BYTES = 1 << 20
LONGEST = 300


def telling_line(log: Path) -> str:
    """The line of `log` that matters most, else its last, without the logger's prefix; at most 300 characters."""
    with log.open("rb") as stream:
        stream.seek(0, 2)
        stream.seek(max(0, stream.tell() - TAIL_BYTES))
        written = COLOURS.sub("", stream.read().decode(errors="replace")).splitlines()
    if raised := exception_of(written):
        return raised[:LONGEST]
    lines = [line.strip() for line in written if line.strip()]
    for pattern in PATTERNS:
        for line in reversed(lines):
            if match := pattern.match(line):
                return match.group("text").strip()[:LONGEST]
    return lines[-1][:LONGEST] if lines else "it left no message"


def exception_of(lines: Sequence[str]) -> str | None:
    """What Python raised last, in one line, without the module of its type; None where it did not end so."""
    start = next((number for number in range(len(lines) - 1, -1, -1) if lines[number].strip() == TRACEBACK), None)
    if start is None:
        return None
    indent = len(lines[start]) - len(lines[start].lstrip())
    written = [line for line in lines[start + 1 :] if line.strip()]
    said = (number for number, line in enumerate(written) if len(line) - len(line.lstrip()) <= indent)
    if (first := next(said, None)) is None:
        return None
    return QUALIFIED.sub("", " ".join(line.strip() for line in written[first:]))
