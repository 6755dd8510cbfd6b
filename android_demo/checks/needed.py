"""What the checks need of this machine, and what to install where it is missing."""

import shutil
from pathlib import Path

from edgekit.errors import AbsentError

# Program -> Debian's package.
PROGRAMS = {
    "java": "openjdk-17-jdk-headless",
    "keytool": "openjdk-17-jdk-headless",
    "mvn": "maven",
    "aapt": "aapt",
    "zipalign": "zipalign",
    "apksigner": "apksigner",
    "cmake": "cmake",
    "make": "make",
    "aarch64-linux-gnu-g++": "g++-aarch64-linux-gnu",
    "qemu-aarch64-static": "qemu-user-static",
}

FRAMEWORK = Path("/usr/share/android-framework-res/framework-res.apk")
"""The framework's resources, of Debian's package with the folder's name."""


def check_programs() -> None:
    """Raise AbsentError, with the command that installs them, where programs are missing."""
    missing = {name: package for name, package in PROGRAMS.items() if shutil.which(name) is None}
    if not FRAMEWORK.exists():
        missing[FRAMEWORK.name] = FRAMEWORK.parent.name
    if missing:
        packages = " ".join(dict.fromkeys(missing.values()))
        raise AbsentError(f"the app's checks need {', '.join(missing)}", f"Install them: `apt-get install {packages}`.")
