"""What the checks need of this machine, and what to install where it is missing."""

import shutil

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


def check_programs() -> None:
    """Raise AbsentError, with the command that installs them, where programs are missing."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        packages = " ".join(dict.fromkeys(PROGRAMS[name] for name in missing))
        raise AbsentError(f"the app's checks need {', '.join(missing)}", f"Install them: `apt-get install {packages}`.")
