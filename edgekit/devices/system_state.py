"""What a machine says of itself beside a measurement: governor, clocks, temperature, battery, its kinds of cores.

Read from Linux's /sys (Documentation/ABI in the kernel's sources), here by the worker that measures and on a device
by its shell. What is not there is None.
"""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from edgekit.errors import UsageError

SYSTEM = "/sys"
KINDS = ("big", "little", "middle")
_CPU = f"{SYSTEM}/devices/system/cpu"
PATTERNS = (
    f"{_CPU}/online",
    f"{_CPU}/cpu[0-9]*/cpu_capacity",
    f"{_CPU}/cpu[0-9]*/cpufreq/scaling_governor",
    f"{_CPU}/cpu[0-9]*/cpufreq/scaling_cur_freq",
    f"{_CPU}/cpu[0-9]*/cpufreq/scaling_max_freq",
    f"{_CPU}/cpu[0-9]*/cpufreq/cpuinfo_max_freq",
    f"{_CPU}/cpu[0-9]*/thermal_throttle/core_throttle_count",
    f"{SYSTEM}/class/thermal/thermal_zone*/type",
    f"{SYSTEM}/class/thermal/thermal_zone*/temp",
    f"{SYSTEM}/class/thermal/cooling_device*/type",
    f"{SYSTEM}/class/thermal/cooling_device*/cur_state",
    f"{SYSTEM}/class/power_supply/*/type",
    f"{SYSTEM}/class/power_supply/*/capacity",
    f"{SYSTEM}/class/power_supply/*/status",
    f"{SYSTEM}/class/power_supply/*/temp",
)
"""The files that are read, as a shell and Python's glob both understand them."""
LONGEST = 1 << 20
_COOLS_PROCESSORS = re.compile(r"cpu|processor|thermal-cpufreq", re.IGNORECASE)
_HOTTEST_POSSIBLE = 200.0  # degrees: a sensor that says more, or is below -50, is none


def shell_line(patterns: Sequence[str] = PATTERNS) -> str:
    """What a device's shell runs to say the same: a line `path=text` for each file. Needs no more than Android has."""
    return (
        f"for f in {' '.join(patterns)}; do "
        'if test -r "$f"; then read -r t < "$f" 2>/dev/null; echo "$f=$t"; fi; done; true'
    )


def shell_texts(said: str) -> dict[str, str]:
    """The files' texts in what a shell said."""
    lines = (line.partition("=") for line in said[:LONGEST].splitlines() if "/sys/" in line)
    return {path: text[:200].strip() for path, found, text in lines if found}


class Core(Struct, frozen=True):
    """One processor: its governor, its clock now, the highest that it may and can have (kHz), its relative capacity."""

    number: int
    governor: str | None = None
    khz: int | None = None
    allowed_khz: int | None = None
    highest_khz: int | None = None
    capacity: int | None = None


class Battery(Struct, frozen=True):
    """Charge in percent, what it does ("Discharging"), degrees Celsius."""

    percent: int | None = None
    status: str | None = None
    celsius: float | None = None


class MachineState(Struct, frozen=True):
    """A machine at one moment. `celsius` are temperatures by the sensor's kind, the hottest of several of one kind.

    `throttled` counts how often processors were slowed down for their heat, and `cooling` is how far their cooling, as
    Linux calls it, slows them down now.
    """

    online: str | None = None
    cores: tuple[Core, ...] = ()
    celsius: dict[str, float] | None = None
    battery: Battery | None = None
    throttled: int | None = None
    cooling: int | None = None

    @property
    def clusters(self) -> dict[str, list[int]]:
        """The processors by kind: `little` and `big` (and `middle` ones) where they differ, else `all`; none unknown.

        By their capacity, where the system knows it, else by their highest clock.
        """
        known = [core for core in self.cores if (core.capacity or core.highest_khz)]
        if not known:
            return {}
        by_capacity = all(core.capacity for core in known)
        kinds: dict[int, list[int]] = {}
        for core in known:
            kinds.setdefault((core.capacity if by_capacity else core.highest_khz) or 0, []).append(core.number)
        ordered = [sorted(kinds[speed]) for speed in sorted(kinds)]
        if len(ordered) == 1:
            return {"all": ordered[0]}
        middle = sorted(number for kind in ordered[1:-1] for number in kind)
        return {"little": ordered[0], **({"middle": middle} if middle else {}), "big": ordered[-1]}

    @property
    def hottest(self) -> float | None:
        """The highest temperature of any sensor."""
        return max(self.celsius.values(), default=None) if self.celsius else None


def state_of(texts: Mapping[str, str]) -> MachineState:
    """The state that files say, by their paths; wherever /sys lies."""
    files = {path.rpartition("/sys/")[2]: text for path, text in texts.items()}
    numbers = {int(found[1]) for path in files if (found := re.match(r"devices/system/cpu/cpu(\d{1,5})/", path))}
    cores = tuple(core_of(number, files) for number in sorted(numbers))
    kinds = named(files, "thermal/thermal_zone", "type")
    celsius: dict[str, float] = {}
    for zone, text in named(files, "thermal/thermal_zone", "temp").items():
        degrees = whole(text)
        # Millidegrees, but for sensors that have degrees.
        value = None if degrees is None else degrees / 1000 if abs(degrees) > _HOTTEST_POSSIBLE else float(degrees)
        if value is not None and -50 <= value <= _HOTTEST_POSSIBLE and value != 0:
            kind = kinds.get(zone, zone)
            celsius[kind] = max(value, celsius.get(kind, value))
    throttled = [whole(text) for path, text in files.items() if path.endswith("/core_throttle_count")]
    coolers = named(files, "thermal/cooling_device", "type")
    cooling = [
        whole(text)
        for device, text in named(files, "thermal/cooling_device", "cur_state").items()
        if _COOLS_PROCESSORS.search(coolers.get(device, ""))
    ]
    return MachineState(
        online=files.get("devices/system/cpu/online"),
        cores=cores,
        celsius=celsius or None,
        battery=battery_of(files),
        throttled=sum(one or 0 for one in throttled) if throttled else None,
        cooling=max((one or 0 for one in cooling), default=None),
    )


def state_here(patterns: Sequence[str] = PATTERNS) -> MachineState:
    """The state of this machine."""
    texts = {}
    root = Path("/")
    for path in [path for pattern in patterns for path in root.glob(pattern.lstrip("/"))]:
        with suppress(OSError, UnicodeDecodeError), path.open("rb") as stream:
            texts[str(path)] = stream.read(200).decode().strip()
    return state_of(texts)


def core_numbers(asked: str) -> set[int]:
    """The numbers that `--cores` names, as in `4-7` or `0,2`; none of a kind. Raises UsageError for what is neither."""
    found: set[int] = set()
    for part in asked.split(",") if asked not in KINDS else ():
        match = re.fullmatch(r"(\d{1,4})(?:-(\d{1,4}))?", part.strip())
        if match is None or int(match[2] or match[1]) < int(match[1]):
            raise UsageError(f"--cores {asked} is neither a kind of core nor numbers", "As in big, little, 4-7 or 0,2.")
        found |= set(range(int(match[1]), int(match[2] or match[1]) + 1))
    return found


def chosen_cores(asked: str, state: MachineState, name: str) -> tuple[int, ...]:
    """The processors of `--cores`: a kind (`big`, `little`, `middle`) or numbers, as in `4-7` or `0,2`.

    `name` is the machine's. Raises UsageError where it has no such kind, or for what is neither.
    """
    if asked in KINDS:
        clusters = state.clusters
        if asked not in clusters:
            why = "its cores are all alike" if clusters else "it does not say which of its cores are fast"
            known = (
                f"It has {', '.join(clusters)}." if len(clusters) > 1 else "Name them by numbers, or leave --cores out."
            )
            raise UsageError(
                f"{name} has no {asked} cores: {why if len(clusters) < 2 else 'it has other kinds'}", known
            )
        return tuple(clusters[asked])
    found = core_numbers(asked)
    if state.cores and (strange := sorted(found - {core.number for core in state.cores})):
        raise UsageError(f"{name} has no core {strange[0]}", f"It has {len(state.cores)}, from 0 on.")
    return tuple(sorted(found))


def core_of(number: int, files: Mapping[str, str]) -> Core:
    """One processor."""
    folder = f"devices/system/cpu/cpu{number}"

    def clock(name: str) -> int | None:
        return whole(files.get(f"{folder}/cpufreq/{name}", ""))

    return Core(
        number,
        files.get(f"{folder}/cpufreq/scaling_governor"),
        clock("scaling_cur_freq"),
        clock("scaling_max_freq"),
        clock("cpuinfo_max_freq"),
        whole(files.get(f"{folder}/cpu_capacity", "")),
    )


def battery_of(files: Mapping[str, str]) -> Battery | None:
    """The battery, where there is one."""
    kinds = named(files, "power_supply/", "type")
    name = next((one for one, kind in kinds.items() if kind == "Battery"), None)
    if name is None:
        return None
    tenths = whole(files.get(f"class/power_supply/{name}/temp", ""))
    return Battery(
        whole(files.get(f"class/power_supply/{name}/capacity", "")),
        files.get(f"class/power_supply/{name}/status"),
        None if tenths is None else tenths / 10,
    )


def named(files: Mapping[str, str], start: str, end: str) -> dict[str, str]:
    """What the files `end` of all things of a class say, by the thing's name."""
    pattern = re.compile(rf"class/({re.escape(start)}[^/]*)/{end}")
    found = {match[1].rpartition("/")[2]: text for path, text in files.items() if (match := pattern.fullmatch(path))}
    return dict(sorted(found.items()))


def whole(text: str) -> int | None:
    """A whole number; None for what is none."""
    return int(text) if re.fullmatch(r"-?\d{1,15}", text) else None
