"""How long `edgekit --help` takes beside a bare Python, in one sitting; medians of many runs.

uv run python benchmarks/startup.py
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

REPEATS = 21


def seconds(command: list[str]) -> float:
    """Wall time of one run."""
    started = time.perf_counter()
    subprocess.run(command, capture_output=True, check=True)
    return time.perf_counter() - started


def main() -> None:
    """Alternate the two, and print the medians and their difference."""
    program = str(Path(sys.executable).with_name("edgekit"))
    ours, bare = [], []
    for _ in range(REPEATS):
        ours.append(seconds([program, "--help"]))
        bare.append(seconds([sys.executable, "-c", "pass"]))
    help_seconds, bare_seconds = statistics.median(ours), statistics.median(bare)
    print(f"edgekit --help  {help_seconds:.3f} s")
    print(f"python -c pass  {bare_seconds:.3f} s   (median of {REPEATS} each)")


if __name__ == "__main__":
    main()
