"""Whether a refactoring leaves every converted graph as it was, bit for bit.

    python tools/graph_replay.py record before.json     # on the commit before
    python tools/graph_replay.py compare before.json    # on the one after; ends with 1 where a file differs

Converts one small model of each documented family to every target that `--target all` means, at 64 px, with synthetic
weights, and keeps the SHA-256 of each file. A stage whose worker has not changed comes from the cache: it is not
converted again, and need not be. `--fresh DIR` takes a cache of its own there, which shows whether tools give the same
bits twice. What is meant to change a graph changes the record too: then the difference is what a reviewer looks at.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from edgekit.cache import cache_folder

ROOT = Path(__file__).resolve().parents[1]
MODELS = ("MixNet_S", "DenseNet121", "DPN68", "pcpvt_small", "ResNet18_vd", "HRNet_W18_C")
"""The smallest of each documented family."""
OPTIONS = ("--weights", "synthetic:0", "--input-size", "64", "--json")

Hashes = dict[str, str]


def replay(models: list[str], targets: str, cache: Path | None) -> Hashes:
    """SHA-256 by `model/target/file` of what this checkout converts. Ends with the status of one that fails."""
    variables = {**os.environ, "PYTHONPATH": str(ROOT)}
    if cache is not None:
        variables["EDGEKIT_CACHE"] = str(cache)
    found: Hashes = {}
    with tempfile.TemporaryDirectory(prefix="edgekit-replay-") as out:
        for model in models:
            command = [sys.executable, "-m", "edgekit", "convert", model, "--target", targets, *OPTIONS, "--out", out]
            answer = subprocess.run(command, env=variables, stdout=subprocess.PIPE, text=True, check=False)
            if answer.returncode != 0:
                sys.exit(answer.returncode)
        for path in sorted(Path(out).glob("*/*/manifest.json")):
            manifest = json.loads(path.read_bytes())
            folder = path.parent.relative_to(out)
            found |= {f"{folder}/{name}": record["sha256"] for name, record in sorted(manifest["files"].items())}
    return found


def differences(before: Hashes, after: Hashes) -> list[str]:
    """A line for each file that is another one, is gone, or is new."""
    lines = [f"{name}: another graph" for name in before if name in after and before[name] != after[name]]
    lines += [f"{name}: is gone" for name in before if name not in after]
    return lines + [f"{name}: is new" for name in after if name not in before]


def fresh_cache(folder: Path) -> Path:
    """A cache in `folder` that shares the toolchains alone."""
    folder.mkdir(parents=True, exist_ok=True)
    environments = cache_folder() / "environments"
    environments.mkdir(parents=True, exist_ok=True)
    if not (folder / "environments").exists():
        (folder / "environments").symlink_to(environments, target_is_directory=True)
    return folder


def main(arguments: list[str]) -> int:
    """Record or compare; returns the exit status."""
    parser = argparse.ArgumentParser(description="Hashes of all converted graphs, before and after a refactoring.")
    parser.add_argument("what", choices=("record", "compare"))
    parser.add_argument("file", type=Path)
    parser.add_argument("--models", default=",".join(MODELS), help="comma-separated")
    parser.add_argument("--target", default="all")
    parser.add_argument("--fresh", type=Path, metavar="DIR", help="convert all anew, in a cache of its own")
    given = parser.parse_args(arguments)
    before = json.loads(given.file.read_bytes()) if given.what == "compare" else {}
    after = replay(given.models.split(","), given.target, fresh_cache(given.fresh) if given.fresh else None)
    if given.what == "record":
        given.file.write_text(json.dumps(after, indent=1) + "\n")
        print(f"{given.file}: {len(after)} files")
        return 0
    lines = differences(before, after)
    print("\n".join(lines) if lines else f"{len(after)} files, bit for bit as before")
    return int(bool(lines))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
