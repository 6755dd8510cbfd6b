"""What a fake phone and a fake board have in common: a folder for each, a shell that sees it, and what goes wrong.

FAKE_DEVICES is the folder with a folder for each; FAKE_FAULTS says what is wrong, such as `A1=slow,B2=offline`;
FAKE_START starts the programs of its processor, such as an emulator. As on a device, what its shell has started goes
on when the connection ends.
"""

import os
import shlex
import subprocess
import sys
from pathlib import Path

DEVICES = Path(os.environ["FAKE_DEVICES"])
FAULTS: dict[str, str] = dict(one.split("=") for one in os.environ.get("FAKE_FAULTS", "").split(",") if one)
START = os.environ.get("FAKE_START", "")
FULL = "No space left on device"
PROGRAM = "./edgekit_runner"


class Device:
    """One of them: `place` is where programs may lie on it."""

    def __init__(self, name: str, place: str) -> None:
        self.name, self.place = name, place
        self.root, self.fault = DEVICES / name, FAULTS.get(name, "")
        self.here("").mkdir(parents=True, exist_ok=True)

    def here(self, path: str) -> Path:
        """A path of the device's as one of this machine's."""
        return Path(f"{self.root}{self.place}{path.removeprefix(self.place)}")

    @property
    def unplugged(self) -> bool:
        """Whether the cable is out."""
        return self.fault.startswith("unplugged") and (self.root / "unplugged").exists()

    def unplug(self) -> None:
        """Pull the cable out."""
        (self.root / "unplugged").touch()

    def shell(self, line: str) -> int:
        """Run a line; its words are passed on."""
        kind = "mips" if self.fault == "abi" else os.environ.get("FAKE_KIND", "aarch64")
        start = "sh -c 'exec sleep 3600'" if self.fault == "slow" else START
        line = line.replace(self.place, f"{self.root}{self.place}").replace(" /sys/", f" {self.root}/sys/")
        line = line.replace(f"{{ {PROGRAM} ", f"{{ {start} {PROGRAM} ") if start else line
        known = f"uname() {{ echo {kind}; }}\n{self.properties()}"
        process = subprocess.Popen(
            ["sh", "-c", f"{known}\n{line}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        out, err = process.communicate()
        sys.stdout.buffer.write(out)
        sys.stderr.buffer.write(err)
        status = process.returncode
        return status if status >= 0 else 128 - status

    def properties(self) -> str:
        """What Android's getprop says; a board has none."""
        if not self.place.startswith("/data"):
            return "getprop() { return 127; }"
        known = {
            "ro.product.manufacturer": "Paragon",
            "ro.product.model": f"Paragon {self.name}",
            "ro.product.cpu.abi": "arm64-v8a",
        }
        cases = " ".join(f"{key}) echo {shlex.quote(value)};;" for key, value in known.items())
        return f"getprop() {{ case $1 in {cases} esac; }}"
