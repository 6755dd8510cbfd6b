"""Builds a TensorRT-RTX engine of every architecture, and writes the table of docs/tensorrt.md.

    python tools/tensorrt_builds.py TABLE.md [PATTERN] [-- FLAGS OF edgekit convert]

What it needs on disk is that of one network at a time: a cache of its own is emptied after each. An interrupted run
goes on after the rows that the table has.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from edgekit.cache import cache_folder
from edgekit.catalog import Model, load_catalog
from edgekit.quantities.sizes import readable_size

HEAD = "| architecture | ONNX | engine | weights found | build | peak memory |\n|---|--:|--:|--:|--:|--:|\n"


def main(table: Path, pattern: str, flags: list[str]) -> None:
    """Add a row to `table` for each architecture that matches `pattern` and has none."""
    if not table.exists():
        table.write_text(HEAD, encoding="utf-8")
    architectures = {model.architecture.name: model for model in reversed(load_catalog().models)}
    for name, model in reversed(architectures.items()):
        if fnmatchcase(name, pattern) and f"| {name} |" not in table.read_text(encoding="utf-8"):
            with table.open("a", encoding="utf-8") as stream:
                stream.write(row(name, model, flags))


def row(name: str, model: Model, flags: list[str]) -> str:
    """Build one engine and measure it."""
    with tempfile.TemporaryDirectory(prefix="tensorrt-builds-") as scratch:
        cache = Path(scratch) / "cache"
        cache.mkdir()
        (cache / "environments").symlink_to(cache_folder() / "environments")
        command = ["convert", model.name, "-t", "tensorrt", "-w", "synthetic:0", "--json", "--out", f"{scratch}/out"]
        answer = subprocess.run(
            [sys.executable, "-m", "edgekit", *command, *flags],
            env={**os.environ, "EDGEKIT_CACHE": str(cache)},
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        conversion = json.loads(answer.stdout)["conversions"][0]
        if conversion["error"]:
            return f"| {name} | {conversion['error']} |\n"
        engine = next(Path(scratch, "out").glob("*/*/*.engine")).stat().st_size
        onnx = next((cache / "stages" / "onnx").rglob("model.onnx")).stat().st_size
        built = record(cache, conversion["manifest"])
        weights = built["details"]["weights"]
        shutil.rmtree(cache / "stages")
    cells = (
        readable_size(onnx),
        readable_size(engine),
        f"{weights['found'] / weights['bytes']:.1%}",
        f"{built['details']['seconds']['build']:.1f} s",
        readable_size(built["peak_memory_bytes"]),
    )
    return f"| {name} | {' | '.join(cells)} |\n"


def record(cache: Path, manifest: dict[str, Any]) -> dict[str, Any]:
    """What the stage store wrote down of the build."""
    key = manifest["stages"][-1]["key"]
    return json.loads((cache / "stages" / "tensorrt" / "convert" / key / "stage.json").read_text(encoding="utf-8"))


if __name__ == "__main__":
    given = sys.argv[1:]
    split = given.index("--") if "--" in given else len(given)
    own, passed = given[:split], given[split + 1 :]
    if not own:
        sys.exit(__doc__)
    main(Path(own[0]), own[1] if len(own) > 1 else "*", passed)
