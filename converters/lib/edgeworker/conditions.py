"""What else a machine does while something is timed: a latency beside other work is not the model's."""

import os
import time
from dataclasses import dataclass, field
from pathlib import Path

STAT = Path("/proc/stat")
# user, nice, system, idle, iowait, irq, softirq, steal; the guests' time that follows is in user's (proc_stat(5)).
_IDLE, _FIELDS = (3, 4), 8


def busy_seconds(text: str, ticks: int) -> float:
    """The seconds that all cores together have worked since the start, by the text of /proc/stat."""
    fields = [int(word) for word in text.splitlines()[0].split()[1 : 1 + _FIELDS]]
    return sum(value for at, value in enumerate(fields) if at not in _IDLE) / ticks


def machine_seconds() -> float | None:
    """`busy_seconds` of this machine; None where the system does not tell."""
    try:
        return busy_seconds(STAT.read_text(encoding="ascii"), os.sysconf("SC_CLK_TCK"))
    except (OSError, ValueError, IndexError):
        return None


@dataclass
class Watch:
    """Looks at the machine when it is made and when it is asked."""

    load: float = field(default_factory=lambda: os.getloadavg()[0])
    began: float = field(default_factory=time.perf_counter)
    own: float = field(default_factory=lambda: sum(os.times()[:4]))
    busy: float | None = field(default_factory=machine_seconds)

    def conditions(self) -> dict[str, float]:
        """`load_before` and `load_after`, the mean number of runnable processes in the minute before each.

        Also `other_cores`, how many cores other programs kept busy in between on average, where the system tells.
        """
        found = {"load_before": round(self.load, 2), "load_after": round(os.getloadavg()[0], 2)}
        seconds, busy = time.perf_counter() - self.began, machine_seconds()
        if self.busy is not None and busy is not None and seconds > 0:
            own = sum(os.times()[:4]) - self.own
            found["other_cores"] = round(max(0.0, (busy - self.busy - own) / seconds), 2)
        return found
