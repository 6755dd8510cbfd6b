"""Runs a program of the checks."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from edgekit.errors import ConversionError

SECONDS = 3600
LINES = 30


def run(command: Sequence[str | Path], what: str, *, folder: Path | None = None) -> str:
    """What it prints. Raises ConversionError with its last lines where it fails or hangs."""
    try:
        ended = subprocess.run(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
            timeout=SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise ConversionError(f"{what} did not end within {SECONDS} s") from None
    if ended.returncode:
        raise ConversionError(f"{what} failed:\n" + "\n".join(ended.stdout.strip().splitlines()[-LINES:]))
    return ended.stdout
