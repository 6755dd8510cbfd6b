"""How much faster edgekit's artifacts are than the vendors' own conversions: the table of docs/performance.md.

For every documented architecture and every target: the graph as it was written, with the repairs without which tools
fail and default settings, beside the one that edgekit converts to, in turn in one process. Where edgekit's rewrites
for speed change nothing, the two are the same file, and nothing is timed: 1. What is done is kept in FILE, by the keys
of the conversions, so that an interrupted run goes on where it was, and a change of a recipe measures anew what it
concerns.

    uv run python benchmarks/artifacts.py FILE [--minutes 60] [--models 'MixNet*'] [--target onnx,ncnn] [--seconds 8]
"""

import argparse
import json
import statistics
import time
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from edgekit.bench.rewrites import bench_rewrites, versions
from edgekit.bench.run import Timing
from edgekit.cache import cache_folder
from edgekit.catalog import Model, load_catalog
from edgekit.cli.session import session
from edgekit.errors import EdgekitError
from edgekit.matrix.sources import lineage
from edgekit.pipeline.execute import Executor
from edgekit.pipeline.source import CatalogSource, catalog_source
from edgekit.pipeline.target import Target, select_targets
from edgekit.weights import resolve_weights

SAME = "same file"


def architectures(pattern: str) -> list[Model]:
    """The first documented model of each architecture whose name fits, in the catalog's order."""
    first: dict[str, Model] = {}
    for model in load_catalog().models:
        first.setdefault(model.architecture.name, model)
    return [model for name, model in first.items() if any(fnmatchcase(name, one) for one in pattern.split(","))]


def read_records(path: Path) -> dict[str, dict[str, Any]]:
    """What earlier runs have measured, by key; a last line that a kill cut short is left out."""
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        try:
            record = json.loads(line)
        except json.JSONDecodeError:
            continue
        found[record["key"]] = record
    return found


def measured(source: CatalogSource, target: Target, executor: Executor, timing: Timing) -> dict[str, Any]:
    """One cell: the ratio of its runnable variant with its interval, or that both are the same file."""
    rows = bench_rewrites([source], [target], executor, timing, recipe_alone=True).rows
    failed = next((row for row in rows if row.status == "failed"), None)
    if failed is not None:
        return {"status": "failed", "reason": failed.reason}
    timed = next((row for row in rows if row.ratio is not None), None)
    if timed is None:
        return {"status": SAME}
    assert timed.ratio is not None
    ratio = timed.ratio
    return {
        "status": "measured", "ratio": ratio.median, "low": ratio.low, "high": ratio.high, "rounds": ratio.rounds,
        "plain_ms": timed.plain_p50_ms, "ms": timed.p50_ms, "difference": timed.difference,
        "busy_cores": timed.busy_cores, "rewrites": list(timed.rewrites),
    }  # fmt: skip


def cells(models: list[Model], wanted: list[Target]) -> Iterator[tuple[CatalogSource, Target, str]]:
    """Every cell with the key that says what is compared in it."""
    for model in models:
        weights = resolve_weights(model, "synthetic:0", cache_folder(), offline=True)
        source = catalog_source(model, weights)
        for target in wanted:
            plain, *others = versions(source, target, "fp32", recipe_alone=True)
            keys = [one.plan.conversions[target.name].key for one in (plain, *others)]
            yield source, target, " ".join(keys)


def run(
    path: Path, models: list[Model], wanted: list[Target], timing: Timing, minutes: float
) -> tuple[dict[tuple[str, str], dict[str, Any]], int]:
    """Measure what is not in the file yet, as far as the time goes; returns the cells, and how many are left."""
    deadline, records = time.monotonic() + 60 * minutes, read_records(path)
    found: dict[tuple[str, str], dict[str, Any]] = {}
    left = 0
    with session(offline=True, verbose=False) as executor:
        for source, target, key in cells(models, wanted):
            if len(set(key.split())) == 1:
                # The recipe turns nothing on here: it is one and the same conversion.
                found[source.architecture_name, target.name] = {"status": SAME}
                continue
            if key not in records:
                if time.monotonic() > deadline:
                    left += 1
                    continue
                try:
                    record = measured(source, target, executor, timing)
                except EdgekitError as error:
                    record = {"status": "failed", "reason": error.message}
                records[key] = {"key": key, "model": source.name, "target": target.name, **record}
                with path.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(records[key]) + "\n")
                print(f"{source.name} {target.name}: {cell(records[key])}", flush=True)
                forget(source, target, wanted, executor)
            found[source.architecture_name, target.name] = records[key]
    return found, left


def forget(source: CatalogSource, target: Target, wanted: list[Target], executor: Executor) -> None:
    """Take what is as big as the network out of the cache once the model's last target is done."""
    if target.name != wanted[-1].name:
        return
    for other in wanted:
        for version in versions(source, other, "fp32", recipe_alone=True):
            for stage in lineage(version.plan.conversions[other.name]):
                executor.store.remove(stage)


def cell(record: dict[str, Any]) -> str:
    """How many times as fast, with the interval; 1 where nothing differs."""
    if record["status"] == SAME:
        return "1"
    if record["status"] != "measured":
        return record["status"]
    return f"{1 / record['ratio']:.2f} ({1 / record['high']:.2f} to {1 / record['low']:.2f})"


def speedup(record: dict[str, Any]) -> float | None:
    """How many times as fast; None where it failed."""
    return {"measured": lambda: 1 / record["ratio"], SAME: lambda: 1.0}.get(record["status"], lambda: None)()


def table(found: dict[tuple[str, str], dict[str, Any]], wanted: list[Target]) -> Iterator[str]:
    """The table of the docs, in Markdown, with the median of each target below it."""
    yield "| times as fast | " + " | ".join(target.description.title for target in wanted) + " |"
    yield "|---" + "|--:" * len(wanted) + "|"
    for name in dict.fromkeys(name for name, _ in found):
        row = [found.get((name, target.name)) for target in wanted]
        yield f"| {name} | " + " | ".join(cell(one) if one else "" for one in row) + " |"
    medians = []
    for target in wanted:
        known = [speed for (_, name), one in found.items() if name == target.name and (speed := speedup(one))]
        medians.append(f"{statistics.median(known):.2f} of {len(known)}" if known else "")
    yield "| **median** | " + " | ".join(medians) + " |"


def main() -> None:
    """Measure, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="where the measurements are kept, one a line")
    parser.add_argument("--minutes", type=float, default=60.0, help="begin no cell after so long")
    parser.add_argument("--models", default="*", help="globs over the architectures' names, comma-separated")
    parser.add_argument("--target", default="onnx,openvino,ncnn,lite")
    parser.add_argument("--seconds", type=float, default=8.0, help="of each comparison")
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    wanted = select_targets(given.target)
    timing = Timing(warmup=2, repeats=200, seconds=given.seconds, threads=given.threads)
    found, left = run(given.file, architectures(given.models), wanted, timing, given.minutes)
    print()
    for line in table(found, wanted):
        print(line)
    if left:
        print(f"\n{left} cells are left: run the same command again.")


if __name__ == "__main__":
    main()
