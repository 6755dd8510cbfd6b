"""Compiles the app against Android's framework and tests its screens on it, by Maven (pom.xml)."""

import re

from android_demo.checks.places import DEMO, GENERATED
from android_demo.checks.programs import run
from edgekit import __version__

FOLDER = DEMO / "checks"
LINE = re.compile(r"Tests run: (\d+), Failures: (\d+), Errors: (\d+), Skipped: (\d+)$", re.MULTILINE)


def test_screens(*flags: str) -> int:
    """How many tests passed, which is all. Raises ConversionError where one fails."""
    # The project's build folder is named from it, through "..".
    GENERATED.mkdir(parents=True, exist_ok=True)
    words = ["--batch-mode", "--no-transfer-progress", f"-Dedgekit.version={__version__}", *flags]
    said = run(["mvn", *words, "test"], "the test of the app's screens", folder=FOLDER)
    ran, failed, broken, skipped = map(int, LINE.findall(said)[-1])
    return ran - failed - broken - skipped
