"""What rewrites for speed do on ARM, in instructions: of one call of ncnn, counted on an emulated board.

    uv run python benchmarks/instructions.py MODEL [--weights demo] [--input-size 64] [--processor cortex-a53]

QEMU's `-icount shift=0` advances the board's clock by a nanosecond for each instruction (QEMU's manual, TCG Instruction
Counting), so that what the runner measures as a time is a count. One thread; the graph as written beside each rewrite
and all of them, by one runner that has the layers of all. A count is no time: instructions take one cycle or many, and
wait for memory. `edgekit bench MODEL --rewrites --device adb` asks a phone.
"""

import argparse
import json
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from edgekit.bench.rewrites import Version, distinct, last_program, manifest_of, versions
from edgekit.bench.rewrites_elsewhere import every_layer
from edgekit.cli.common import SourceOptions, model_sources
from edgekit.cli.session import session
from edgekit.conversion.write import write_conversion
from edgekit.filesystem.scratch import working_folder
from edgekit.inputs.size import Size
from edgekit.native.architectures import find_architecture
from edgekit.native.compilers import find_compiler
from edgekit.native.plan import Build, ncnn_pin
from edgekit.native.source import ensure_source
from edgekit.pipeline.execute import Executor
from edgekit.pipeline.plan import conversions_of
from edgekit.pipeline.target import targets
from runtime_tests.emulated_board import END, board_files, boot, initial_disk

PHOTO = sorted((Path(__file__).parents[1] / "edgekit" / "inputs" / "photos").glob("*.png"))[0]
MEMORY_MB = 1024
SECONDS = 1800.0
CALLS = 3


def artifacts(model: str, weights: str, size: int | None, executor: Executor, out: Path) -> tuple[list[Version], Path]:
    """The versions that differ, each converted into `out/<number>`, and a runner that has the layers of all."""
    target = targets()["ncnn"]
    asked = SourceOptions(weights=weights, input_size=None if size is None else Size.of(size))
    (source,) = model_sources([model], asked, offline=True)
    planned = versions(source, target, "fp32", recipe_alone=False)
    faster = {one.title: last_program(one, target) for one in planned}
    outcomes = executor.run([*planned[0].plan.programs, *faster.values()])
    kept, _ = distinct(planned, outcomes, faster)
    outcomes = executor.run(stage for one in kept for stage in (*one.plan.programs, *conversions_of(one.plan, target)))
    for number, one in enumerate(kept):
        write_conversion(one.plan, target, outcomes, out / str(number))
    layers = every_layer([(one.plan, manifest_of(one, target, outcomes)) for one in kept], target, executor)
    architecture = find_architecture("aarch64")
    library = ensure_source(ncnn_pin(), executor.store.cache, print)
    runner = Build(architecture, find_compiler(architecture), library, layers, "fp32").runner()
    made = executor.run([runner]).result(runner)
    return kept, made.folder / architecture.executable


def counted(model: str, count: int, out: Path, runner: Path, processor: str, scratch: Path) -> list[float]:
    """Instructions of a call of each version, in millions: the smallest of some calls."""
    kernel, shell = board_files(scratch / "board")
    files = {"bin/busybox": shell.read_bytes(), "edgekit_runner": runner.read_bytes(), PHOTO.name: PHOTO.read_bytes()}
    words = f"{PHOTO.name} --threads 1 --repeats {CALLS} --warmup 1"
    lines = ["#!/bin/busybox sh"]
    for number in range(count):
        for file in sorted((out / str(number) / model / "ncnn").iterdir()):
            files[f"{number}/{file.name}"] = file.read_bytes()
        lines.append(f"./edgekit_runner {number} {words}; echo")
    lines += [f"echo {END} $?", "/bin/busybox poweroff -f", ""]
    files["init"] = "\n".join(lines).encode()
    (disk := scratch / "disk").write_bytes(initial_disk(files, {"init", "bin/busybox", "edgekit_runner"}))
    said = boot(kernel, disk, processor, MEMORY_MB, SECONDS, "-icount", "shift=0,sleep=off")
    # Nanoseconds of the board's clock.
    found = [float(text) for text in re.findall(r'"min_ms": ([\d.e+]+)', said)]
    if len(found) != count:
        sys.exit(f"the board said:\n{said}")
    return found


def main() -> None:
    """Count, and print a row for each version."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--weights", default="synthetic:0")
    parser.add_argument("--input-size", type=int)
    parser.add_argument("--processor", default="cortex-a53")
    given = parser.parse_args()
    with session(offline=False, verbose=False) as executor, working_folder(executor.store.cache) as scratch:
        kept, runner = artifacts(given.model, given.weights, given.input_size, executor, scratch / "artifacts")
        millions = counted(given.model, len(kept), scratch / "artifacts", runner, given.processor, scratch)
    print(f"| {given.model}, {given.processor} | million instructions a call | of as written |\n|---|--:|--:|")
    for one, found in zip(kept, millions, strict=True):
        print(f"| {one.title} | {found:.1f} | {found / millions[0]:.3f} |")
    print(json.dumps({"model": given.model, "processor": given.processor, "millions": millions}))


if __name__ == "__main__":
    main()
