"""A fake /sys: a phone with four little and two big cores, a battery and sensors."""

from pathlib import Path

LITTLE, BIG = 1_800_000, 2_400_000


def write_system(
    root: Path, *, big_allowed: int = BIG, celsius: float = 31.5, cooling: int = 0, percent: int = 80
) -> None:
    """Write the files that edgekit reads, under `root/sys`."""
    cpu = root / "sys" / "devices" / "system" / "cpu"
    for number in range(6):
        highest = BIG if number >= 4 else LITTLE
        put(cpu / f"cpu{number}" / "cpufreq" / "scaling_governor", "schedutil")
        put(cpu / f"cpu{number}" / "cpufreq" / "scaling_cur_freq", str(highest // 2))
        put(cpu / f"cpu{number}" / "cpufreq" / "scaling_max_freq", str(big_allowed if number >= 4 else LITTLE))
        put(cpu / f"cpu{number}" / "cpufreq" / "cpuinfo_max_freq", str(highest))
        put(cpu / f"cpu{number}" / "cpu_capacity", "1024" if number >= 4 else "400")
    put(cpu / "online", "0-5")
    put(cpu / "cpufreq" / "boost", "1")  # no processor, and not read
    thermal = root / "sys" / "class" / "thermal"
    put(thermal / "thermal_zone0" / "type", "cpu-big")
    put(thermal / "thermal_zone0" / "temp", str(round(celsius * 1000)))
    put(thermal / "thermal_zone1" / "type", "battery")
    put(thermal / "thermal_zone1" / "temp", "29")
    put(thermal / "thermal_zone2" / "type", "modem")
    put(thermal / "thermal_zone2" / "temp", "-274000")  # a sensor that is switched off
    put(thermal / "cooling_device0" / "type", "thermal-cpufreq-1")
    put(thermal / "cooling_device0" / "cur_state", str(cooling))
    put(thermal / "cooling_device1" / "type", "backlight")
    put(thermal / "cooling_device1" / "cur_state", "7")
    supply = root / "sys" / "class" / "power_supply"
    put(supply / "usb" / "type", "USB")
    put(supply / "battery" / "type", "Battery")
    put(supply / "battery" / "capacity", str(percent))
    put(supply / "battery" / "status", "Discharging")
    put(supply / "battery" / "temp", "285")


def put(path: Path, text: str) -> None:
    """Write one file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n")
