"""How much of 1, 2 and 4 machines a cluster uses, and what of it is shared: figures for docs/scale.md.

    uv run python benchmarks/scale.py [--models 12] [--seconds 2] [--megabytes 4] [--rounds 2]

The machines are simulated: Ray's nodes of one core each on this machine, each with a cache of its own, and a shared
store in a folder. A model is a chain of three stages that wait (--seconds) and leave a file (--megabytes), so that the
nodes do not fight for this machine's cores: what is measured is what sharing costs, which is real (processes started,
confinement, hashes, copies to and from the store, Ray's tasks). Rounds are interleaved. Efficiency is the time of one
machine over n times that of n machines. Prints a table, and the arithmetic that extends it.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import edgekit.bundled
from conftest import ROOT, new_cache
from edgekit.cluster.connection import QUIET, connected, environment, ray_folder, token_of
from edgekit.cluster.executor import ClusterExecutor
from edgekit.cluster.shared_store import SharedStore
from edgekit.cluster.sharing_store import SharingStore
from edgekit.cluster.tasks import Tasks
from edgekit.pipeline.execute import Job
from edgekit.pipeline.stage import Stage, StageFile
from edgekit.toolchain.worker import Toolchain
from tests.cluster.conftest import FAKE, Machines

CHAIN = 3
WORKER = "scale/work.py"


@dataclass(frozen=True)
class Run:
    """One run: seconds of wall time, processor seconds of the command that asks, bytes in the shared store."""

    seconds: float
    asking: float
    stored: int


def main() -> None:
    """Run all, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--megabytes", type=float, default=4.0)
    parser.add_argument("--rounds", type=int, default=2)
    given = parser.parse_args()
    sizes = (1, 2, 4)
    runs: dict[int, list[Run]] = {size: [] for size in sizes}
    for _ in range(given.rounds):
        for size in sizes:
            runs[size].append(run_on(size, given))
            print(f"{size} machines: {runs[size][-1]}", file=sys.stderr, flush=True)
    stages = given.models * CHAIN
    one = median(run.seconds for run in runs[1])
    print("| machines | seconds | efficiency | the stages' own share | asking, processor seconds a stage |")
    print("|--:|--:|--:|--:|--:|")
    for size in sizes:
        seconds = median(run.seconds for run in runs[size])
        own = stages * given.seconds / size / seconds
        asking = median(run.asking for run in runs[size]) / stages
        print(f"| {size} | {seconds:.1f} | {one / size / seconds:.2f} | {own:.2f} | {asking:.3f} |")
    asking = median(run.asking for run in runs[max(sizes)]) / stages
    stored = median(run.stored for run in runs[max(sizes)]) / stages
    print(
        f"\nA stage leaves {stored / 1e6:.1f} MB in the store, and takes {asking:.3f} s of the asking machine's core."
    )
    print(f"With stages of s seconds, one core of it keeps s / {asking:.3f} cores of the cluster busy.")


def run_on(size: int, given: argparse.Namespace) -> Run:
    """One run on so many machines, which have nothing in their caches."""
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="edgekit-scale-")))
        stack.enter_context(installed_worker(place))
        folder = stack.enter_context(ray_folder())
        (folder / "ray").mkdir()
        stack.enter_context(environment({**QUIET, **token_of(folder), "RAY_TMPDIR": str(folder)}))
        machines = Machines(folder, place)
        stack.callback(machines.shutdown)
        for _ in range(size):
            machines.add()
        connection = stack.enter_context(connected(machines.address, cores=1))
        cache = new_cache(place / "asking")
        shared = SharedStore((place / "shared").as_uri())
        executor = ClusterExecutor(
            SharingStore(cache / "stages", shared=shared), Toolchain(cache), tasks=Tasks(connection)
        )
        # Ray starts its processes with the first tasks.
        executor.run([stage(f"warm {number}", 1.0, 0.1) for number in range(2 * size)])
        shutil.rmtree(place / "shared")
        began, asked = time.monotonic(), time.process_time()
        executor.work((job(f"model {number}", given) for number in range(given.models)), window=2 * size)
        seconds, asking = time.monotonic() - began, time.process_time() - asked
        return Run(
            seconds, asking, sum(path.stat().st_size for path in (place / "shared").rglob("*") if path.is_file())
        )


def job(name: str, given: argparse.Namespace) -> Job:
    """A model: a chain of stages, of which each is asked for."""
    last = None
    chain = []
    for number in range(CHAIN):
        last = stage(f"{name}, {number}", given.seconds, given.megabytes, last)
        chain.append(last)
    yield chain


def stage(name: str, seconds: float, megabytes: float, before: Stage | None = None) -> Stage:
    """One stage."""
    inputs = {"before": StageFile(before, "out.bin")} if before else {}
    return Stage(WORKER, name, inputs, {"name": name, "seconds": seconds, "megabytes": megabytes})


@contextmanager
def installed_worker(place: Path) -> Iterator[None]:
    """The worker in the place of the converters, here and on the machines."""
    converters = place / "project" / "converters"
    (converters / "scale").mkdir(parents=True)
    shutil.copy(Path(__file__).with_name("scale_worker.py"), converters / "scale" / "work.py")
    (converters / "lib").symlink_to(ROOT / "converters" / "lib")
    package, edgekit.bundled.PACKAGE = edgekit.bundled.PACKAGE, place / "project" / "edgekit"
    site = place / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(FAKE.format(str(edgekit.bundled.PACKAGE)))
    try:
        with environment({"PYTHONPATH": str(site)}):
            yield
    finally:
        edgekit.bundled.PACKAGE = package


if __name__ == "__main__":
    main()
