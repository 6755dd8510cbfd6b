"""The model that the checks put into the app: MixNet_S with its bundled weights, verified."""

import sys
from pathlib import Path

from android_demo.checks.places import BUILD
from android_demo.checks.programs import run

MODEL, TARGET = "MixNet_S", "ncnn"


def verified_artifact() -> Path:
    """Its folder, made where it is not there yet."""
    out = BUILD / "artifacts"
    flags = ("--weights", "demo", "--target", TARGET, "--verify", "--out", out)
    run([sys.executable, "-m", "edgekit", "convert", MODEL, *flags], f"the conversion of {MODEL}")
    return out / MODEL / TARGET
