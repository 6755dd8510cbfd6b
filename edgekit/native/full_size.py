"""How large the runner is with every layer, to compare with: measured once a version and architecture."""

import tomllib
from pathlib import Path

MEASURED = Path(__file__).with_name("full_sizes.toml")


def full_code_bytes(library: str, version: str, architecture: str) -> int | None:
    """Bytes of the static runner with the full library; None where nobody has measured it."""
    table = tomllib.loads(MEASURED.read_text(encoding="utf-8"))
    return table.get(library, {}).get(version, {}).get(architecture)
