"""A program that answers as `adb` does, for a phone that is a folder: FAKE_PHONE holds it, FAKE_ADB says what is wrong.

What adb itself says is as adb 34 prints it.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

PHONE, WRONG = Path(os.environ["FAKE_PHONE"]), os.environ.get("FAKE_ADB", "")
STATES = {"offline": "A1\toffline", "unauthorized": "A1\tunauthorized", "two": "A1\tdevice\nB2\tdevice", "none": ""}


def here(path: str) -> str:
    """A path of the phone's as one of this machine's."""
    return path.replace("/data/local/tmp", f"{PHONE}/data/local/tmp")


def gone() -> None:
    """The cable is out."""
    print("error: device 'A1' not found", file=sys.stderr)
    sys.exit(1)


def main(words: list[str]) -> int:
    """One call."""
    if words == ["devices"]:
        print("List of devices attached\n" + STATES.get(WRONG, "A1\tdevice"))
        return 0
    assert words[:2] == ["-s", "A1"]
    verb, *rest = words[2:]
    if WRONG.startswith("unplugged") and (PHONE / "unplugged").exists():
        gone()
    if verb == "push":
        if WRONG == "full":
            print(
                "adb: error: failed to copy 'x' to 'y': remote couldn't write: No space left on device", file=sys.stderr
            )
            return 1
        *files, folder = rest
        for file in files:
            shutil.copy(file, here(folder))
        return 0
    if verb == "pull":
        if not Path(here(rest[0])).exists():
            print(f"adb: error: failed to stat remote object '{rest[0]}': No such file or directory", file=sys.stderr)
            return 1
        shutil.copy(here(rest[0]), rest[1])
        return 0
    (line,) = rest
    if line == "uname -m":
        print("armv7l" if WRONG == "abi" else "aarch64")
        return 0
    if "./edgekit_runner" in line:
        if WRONG == "slow":
            time.sleep(3600)
        if WRONG == "unplugged":
            (PHONE / "unplugged").touch()
            gone()
    return subprocess.run(["sh", "-c", here(line)], check=False).returncode


sys.exit(main(sys.argv[1:]))
