"""What the system says of itself in files: clocks, governors, temperatures (Linux: /sys)."""

from collections.abc import Sequence
from pathlib import Path

PROCESSORS = Path("/sys/devices/system/cpu")
MOST_FILES = 4096
_LONGEST = 200


def texts_of(patterns: Sequence[str]) -> dict[str, str]:
    """The first line of every file that a pattern finds and that can be read, by its path."""
    found = {}
    root = Path("/")
    for path in [path for pattern in patterns for path in sorted(root.glob(pattern.lstrip("/")))][:MOST_FILES]:
        try:
            with path.open("rb") as stream:
                found[str(path)] = stream.read(_LONGEST).decode("utf-8", "replace").strip().partition("\n")[0]
        except OSError:
            continue  # of a processor that is switched off, or not for this user
    return found


def highest_clock(processors: Sequence[int], folder: Path = PROCESSORS) -> int:
    """The highest clock of some processors at this moment, in kHz; 0 where the system does not tell."""
    patterns = [f"{folder}/cpu{number}/cpufreq/scaling_cur_freq" for number in processors]
    return max((int(text) for text in texts_of(patterns).values() if text.isdigit()), default=0)
