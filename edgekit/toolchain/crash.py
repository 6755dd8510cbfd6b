"""Picks the one line of a worker's log that says what went wrong."""

import re
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
TAIL_BYTES = 1 << 20
LONGEST = 300


def telling_line(log: Path) -> str:
    """The line of `log` that matters most, else its last, without the logger's prefix; at most 300 characters."""
    with log.open("rb") as stream:
        stream.seek(0, 2)
        stream.seek(max(0, stream.tell() - TAIL_BYTES))
        lines = [line.strip() for line in stream.read().decode(errors="replace").splitlines()]
    lines = [line for line in lines if line]
    for pattern in PATTERNS:
        for line in reversed(lines):
            if match := pattern.match(line):
                return match.group("text").strip()[:LONGEST]
    return lines[-1][:LONGEST] if lines else "it left no message"
