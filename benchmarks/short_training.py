"""Weights with some skill for a network that nobody has published any of here: minutes of training on CIFAR-10.

    uv run python benchmarks/short_training.py MODEL FOLDER --data cifar10.zip [--minutes 20] [--side 32]
    uv run python benchmarks/families.py FOLDER/reports --models MODEL --weights FOLDER/MODEL.pdparams \\
        --input-size 32 --calibration FOLDER/calibration --data cifar10.zip

Writes `FOLDER/MODEL.pdparams` and `FOLDER/calibration`, 30 training images of each class that it was not trained on.
Random weights say nothing of whether INT8 keeps decisions: each layer adds noise and nothing has learnt to bear it.
"""

import argparse
import subprocess
import zipfile
from pathlib import Path, PurePosixPath

from conversion import environment_of

from edgekit.catalog import load_catalog

SCRIPT = Path(__file__).resolve().parent / "by_hand" / "train.py"
KEPT = 30
"""Of each class, the last ones, for calibration."""
TRAINED_ON = 4000
"""Of each class, the first ones."""


def unpacked(data: Path, folder: Path) -> None:
    """The training images that are needed, in `folder/train` and `folder/calibration`."""
    with zipfile.ZipFile(data) as archive:
        by_class: dict[str, list[str]] = {}
        for name in sorted(archive.namelist()):
            place = PurePosixPath(name)
            if len(place.parts) == 3 and place.parts[0] == "train":
                by_class.setdefault(place.parts[1], []).append(name)
        for label, names in by_class.items():
            for part, chosen in (("train", names[:TRAINED_ON]), ("calibration", names[-KEPT:])):
                place = folder / part / PurePosixPath(label).name
                place.mkdir(parents=True, exist_ok=True)
                for name in chosen:
                    (place / PurePosixPath(name).name).write_bytes(archive.read(name))


def main() -> None:
    """Train one network."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--minutes", default="20")
    parser.add_argument("--side", default="32")
    given = parser.parse_args()
    architecture = load_catalog().find(given.model).architecture
    unpacked(given.data, given.folder)
    subprocess.run(
        [environment_of(SCRIPT), SCRIPT, f"{architecture.module}:{architecture.factory}", given.folder / "train",
         given.side, given.minutes, given.folder / f"{given.model}.pdparams"], check=True,
    )  # fmt: skip


if __name__ == "__main__":
    main()
