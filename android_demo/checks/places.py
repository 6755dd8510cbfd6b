"""Where the checks read and write."""

from pathlib import Path

DEMO = Path(__file__).resolve().parents[1]
ROOT = DEMO.parent
APP = DEMO / "app" / "src" / "main"
BUILD = DEMO / "build" / "checks"
GENERATED = BUILD / "generated"
MAVEN = BUILD / "maven"
TOOLS = MAVEN / "tools"
APK = BUILD / "edgekit-demo-check.apk"

MIN_SDK = 24
"""As app/build.gradle.kts has it; a test compares them."""
