"""What a worker's confinement costs at its start: pairs of starts with and without it, in turn.

    uv run python benchmarks/confinement.py [PAIRS]

Prints the median of either and of the differences of the pairs, and the smallest of either, in milliseconds: of wall
time, and of the processor's own. Beside other work the median of wall time says little, and these others more. The
worker does nothing but import what every worker imports.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from edgekit.bundled import bundled_folder
from edgekit.toolchain.confinement import confinement
from edgekit.toolchain.worker import worker_environment


def start(script: Path, environment: dict[str, str]) -> tuple[float, float]:
    """Seconds of wall and of processor time that one start takes."""
    used, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, script], env=environment, cwd=script.parent, check=True)
    wall, now = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime


def main(pairs: int) -> None:
    """Start, and print."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "worker.py")
        script.write_text("import edgeworker.protocol\n")
        plain = worker_environment(Path(folder), 1)
        # A real worker's folder, whose modules are looked at.
        sources = bundled_folder("converters") / "paddle" / "export.py"
        confined = plain | confinement(sources, Path(folder), Path(folder), gpu=False)
        runs = [(start(script, plain), start(script, confined)) for _ in range(pairs + 1)][1:]
    for number, title in enumerate(("wall", "processor")):
        without = [1000 * one[number] for one, _ in runs]
        with_it = [1000 * other[number] for _, other in runs]
        differences = [other - one for one, other in zip(without, with_it, strict=True)]
        medians = [statistics.median(values) for values in (without, with_it, differences)]
        figures = (*medians, min(without), min(with_it))
        print(
            "{:9} without {:.1f}, confined {:.1f}, difference {:.1f}; smallest {:.1f}, {:.1f}".format(title, *figures)
        )
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
