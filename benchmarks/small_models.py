"""Small classifiers that Paddle exported, each with a configuration beside it."""

import subprocess
from pathlib import Path

from throwing import ROOT

from edgekit.cache import cache_folder
from edgekit.toolchain.environment import ensure_environment
from edgekit.toolchain.script import requirements_of
from tests.untrusted.parsers import CONFIGURATIONS

HALVES = "halves"
MODELS = ("flattened", HALVES)
CLASSES = "abcdefg"


def small_models(folder: Path) -> dict[str, Path]:
    """The folders of `MODELS`, by their names: made in `folder`, which comes to be."""
    python = ensure_environment(requirements_of(ROOT / "converters" / "paddle" / "adopt.py"), cache_folder(), print)
    subprocess.run([python, ROOT / "tests" / "foreign_models.py", folder], check=True, capture_output=True)
    for name in MODELS:
        (folder / name / "inference.yml").write_bytes(small_configuration())
    return {name: folder / name for name in MODELS}


def small_configuration() -> bytes:
    """For a network of 32 px with seven classes."""
    said = CONFIGURATIONS[0].replace(b"224", b"32").replace(b"256", b"36")
    return said.replace(b"[cat, dog]", f"[{', '.join(CLASSES)}]".encode())
