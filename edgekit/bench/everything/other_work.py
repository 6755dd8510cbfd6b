"""How many cores other programs kept busy while something was measured."""

import time
from dataclasses import dataclass, field


def machine_seconds() -> float:
    """The seconds that all cores together have worked since the machine started."""
    import psutil

    times = psutil.cpu_times()
    return sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0)


def own_seconds() -> float:
    """The same of this process, and of those that it started and that have ended."""
    import psutil

    return sum(psutil.Process().cpu_times()[:4])


@dataclass
class OtherWork:
    """Looks at the machine when it is made and when it is asked; workers must have ended by then."""

    began: float = field(default_factory=time.monotonic)
    machine: float = field(default_factory=machine_seconds)
    own: float = field(default_factory=own_seconds)

    def cores(self) -> float:
        """How many cores, on average."""
        seconds = max(time.monotonic() - self.began, 1e-3)
        return round(max(0.0, (machine_seconds() - self.machine - own_seconds() + self.own) / seconds), 2)
