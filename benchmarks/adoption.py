"""Programs as their users export them: what edgekit's reading of one costs beside the export, and all targets.

    uv run python benchmarks/adoption.py [--models NAME,...] [--repeats 3]

For each network with synthetic weights, in turn: PaddleClas and Paddle alone build and save it (`by_hand/export.py`,
any number of images, 1000 classes), edgekit adopts that folder, and `edgekit convert FOLDER --target all` makes all
files with an empty stage cache. Environments are warm. Prints medians of seconds, and the ratio of adoption and export.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from conversion import afresh
from exported import exported, saved

from edgekit.cli.common import SourceOptions, model_sources
from edgekit.cli.session import session
from edgekit.pipeline.program import program_stage

MODELS = ("PPLCNet_x1_0", "ResNet50", "alt_gvt_small", "SwinTransformer_tiny_patch4_window7_224", "ConvNeXt_tiny")


def adopted(folder: Path) -> float:
    """Seconds of the adoption of a program, its worker's start included."""
    (source,) = model_sources([str(folder)], SourceOptions(), offline=False)
    stage = program_stage(source)
    with session(offline=False, verbose=False) as executor:
        executor.store.forget(stage)
        started = time.perf_counter()
        executor.run([stage])
        return time.perf_counter() - started


def main() -> None:
    """One row for each model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    print("| model | export, s | adoption, s | ratio | to all targets, s |\n|---|--:|--:|--:|--:|", flush=True)
    for name in given.models.split(","):
        with tempfile.TemporaryDirectory() as scratch:
            folder = exported(name, Path(scratch) / name)
            # The first of each warms up.
            times = [
                (saved(name, Path(scratch) / "again"), adopted(folder), afresh(folder, "--target", "all"))
                for _ in range(given.repeats + 1)
            ][1:]
        export, adoption, everything = (statistics.median(one) for one in zip(*times, strict=True))
        print(f"| {name} | {export:.1f} | {adoption:.1f} | {adoption / export:.2f} | {everything:.0f} |", flush=True)


if __name__ == "__main__":
    main()
