"""What a package saves: its program beside one with every layer of ncnn, in bytes and in the first answer's time.

    uv run python benchmarks/native.py ARTIFACT ARCHITECTURE [PAIRS]

Builds both (the full one takes several minutes, once). Times are of this machine's own architecture alone: first
answers of new processes, the two programs in turns, and the ratio of their medians. An emulator's time says nothing.
"""

import json
import statistics
import subprocess
import sys
from pathlib import Path

from edgekit.artifact.load import load_artifact
from edgekit.cli.session import session
from edgekit.native.architectures import find_architecture
from edgekit.native.compilers import find_compiler
from edgekit.native.full_size import MEASURED
from edgekit.native.plan import Build, ncnn_pin, network_layers
from edgekit.native.source import ensure_source

PHOTOS = Path(__file__).parents[1] / "edgekit" / "inputs" / "photos"


def first_answer(program: Path, artifact: Path, photo: Path) -> float:
    """Milliseconds from the loaded files to the first answer, of a new process on one thread: loading and one run."""
    command = [program, artifact, photo, "--threads", "1"]
    answer = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return answer["load_ms"] + answer["first_run_ms"]


def main(folder: Path, name: str, pairs: int) -> None:
    """Build, measure, print."""
    artifact, architecture = load_artifact(folder), find_architecture(name)
    with session(offline=False, verbose=False) as executor:
        source = ensure_source(ncnn_pin(), executor.store.cache, print)
        layers, compiler = network_layers(artifact, executor), find_compiler(architecture)
        precision = artifact.manifest.precision
        runners = [Build(architecture, compiler, source, which, precision).runner() for which in (layers, None)]
        made = [executor.run([runner]).result(runner) for runner in runners]
    small, full = (one.details["code_bytes"] for one in made)
    print(f"{name}, {compiler.title}: {small} bytes, with every layer {full}")
    print(f'for {MEASURED.name}: [{ncnn_pin().name}."{ncnn_pin().version}"] {name} = {full}')
    if not architecture.is_host:
        return
    programs = [one.folder / architecture.executable for one in made]
    photo = sorted(PHOTOS.glob("*.png"))[0]
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(pairs):
        for program, found in zip(programs, times, strict=True):
            found.append(first_answer(program, folder, photo))
    ours, theirs = (statistics.median(found) for found in times)
    print(
        f"first answer, median of {pairs}: {ours:.2f} ms, with every layer {theirs:.2f} ms, ratio {ours / theirs:.2f}"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 30)
