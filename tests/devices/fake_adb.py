"""A program that answers as `adb` does, for phones that are folders (fake_device.py).

What adb itself says is as the real one prints it, for phones that are not there as adb 29 was seen to.
"""

import os
import shutil
import sys

from fake_device import FAULTS, FULL, PROGRAM, Device

PLACE = "/data/local/tmp"
STATES = ("offline", "unauthorized")


def fail(message: str) -> int:
    """End as adb does."""
    print(message, file=sys.stderr)
    return 1


def main(words: list[str]) -> int:
    """One call."""
    present = [name for name in os.environ.get("FAKE_PHONES", "A1").split(",") if name]
    if words == ["devices"]:
        states = {name: FAULTS.get(name, "") for name in present}
        lines = [f"{one}\t{state if state in STATES else 'device'}" for one, state in states.items()]
        print("List of devices attached\n" + "\n".join(lines))
        return 0
    assert words[0] == "-s"
    if words[1] not in present:
        return fail(f"error: device '{words[1]}' not found")
    phone = Device(words[1], PLACE)
    verb, *rest = words[2:]
    if verb == "push" and phone.fault == "unplugged early":
        phone.unplug()
    if phone.unplugged:
        features = "adb: error: failed to get feature set: " if verb in ("push", "pull") else "error: "
        return fail(f"{features}device '{phone.name}' not found")
    if verb == "push":
        if phone.fault == "full":
            return fail(f"adb: error: failed to copy 'x' to 'y': remote couldn't write: {FULL}")
        *files, folder = rest
        for file in files:
            shutil.copy(file, phone.here(folder))
        return 0
    if verb == "pull":
        if not phone.here(rest[0]).exists():
            return fail(f"adb: error: failed to stat remote object '{rest[0]}': No such file or directory")
        shutil.copy(phone.here(rest[0]), rest[1])
        return 0
    (line,) = rest
    if PROGRAM in line and phone.fault == "unplugged":
        phone.unplug()
        return fail(f"error: device '{phone.name}' not found")
    return phone.shell(line)


sys.exit(main(sys.argv[1:]))
