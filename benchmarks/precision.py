"""What another precision costs and buys: an artifact beside the FP32 one of the same target, on photos with labels.

    uv run python benchmarks/precision.py FP32_ARTIFACT ARTIFACT PHOTOS [--limit N] [--seconds 10] [--threads 1]

PHOTOS is a folder with a folder for each class, or with files that begin with the class's number (`207_n02099601.jpg`).
Both artifacts see the same photos, those that one of them was calibrated on left out by hash. Latencies are of calls in
turn in one process, with the medians of their ratio and its interval.
"""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from edgekit.artifact.load import Artifact, load_artifact
from edgekit.artifact.samples import run_options
from edgekit.bench.ratio import ratio_of
from edgekit.cli.session import session
from edgekit.data.photos import find_photos
from edgekit.filesystem.hashing import file_sha256
from edgekit.inputs.images import load_image
from edgekit.inputs.prepare import preprocess
from edgekit.pipeline.execute import Executor
from edgekit.pipeline.runs import run_stage
from edgekit.pipeline.source import GoldenFile
from edgekit.pipeline.stage import SourceFile, Stage
from edgekit.pipeline.target import targets

CHUNK = 100
MANY = 10_000


def labelled(folder: Path, names: tuple[str, ...] | None, used: set[str], limit: int) -> list[tuple[Path, int]]:
    """Photos with their classes, at even distances."""
    found = []
    for path in find_photos([folder]):
        number = re.match(r"(\d+)_", path.name)
        label = path.parent.name
        if path.parent != folder and names and label in names:
            found.append((path, names.index(label)))
        elif path.parent == folder and number:
            found.append((path, int(number[1])))
    found = [one for one in found if not used or file_sha256(one[0]) not in used]
    count = min(limit, len(found))
    return [found[index * len(found) // count] for index in range(count)]


def logits(artifact: Artifact, tensors: Path, executor: Executor) -> np.ndarray:
    """The first output of an artifact on prepared photos, [N, C]."""
    manifest = artifact.manifest
    target = targets()[manifest.target]
    (variant, *_) = (one for one in target.variants_of(manifest.build) if not one.not_run)
    fed = GoldenFile(tensors, file_sha256(tensors), (), ())
    stage = run_stage(target, variant, manifest.model.name, artifact.by_role(), fed, run_options(artifact), timed=False)
    try:
        folder = executor.run([stage]).result(stage).folder
        return load_file(folder / "outputs.safetensors")[manifest.outputs[0].name]
    finally:
        executor.store.forget(stage)


def chunks(photos: list[tuple[Path, int]], artifact: Artifact, scratch: Path) -> Iterator[Path]:
    """The photos prepared, some hundred at a time."""
    spec, name = artifact.manifest.preprocessing, artifact.manifest.inputs[0].name
    for start in range(0, len(photos), CHUNK):
        part = [preprocess(load_image(path), spec) for path, _ in photos[start : start + CHUNK]]
        path = scratch / f"{start}.safetensors"
        save_file({name: np.stack(part)}, path)
        yield path
        path.unlink()


def interleaved(pair: tuple[Artifact, Artifact], tensors: Path, threads: int, seconds: float) -> Stage:
    """Both artifacts timed in turn."""
    manifest = pair[0].manifest
    target = targets()[manifest.target]
    (variant, *_) = (one for one in target.variants_of(manifest.build) if not one.not_run)
    fed = GoldenFile(tensors, file_sha256(tensors), (), ())
    stage = run_stage(target, variant, manifest.model.name, pair[0].by_role(), fed, run_options(pair[0]))
    inputs = {
        f"v{number}/{role}": one.by_role()[file]
        for number, one in enumerate(pair)
        for role, file in variant.inputs.items()
    }
    return Stage(
        stage.worker,
        stage.about,
        {"tensors": SourceFile(tensors, file_sha256(tensors)), **inputs},
        {
            **stage.options,
            "threads": threads,
            "latency": None,
            "versions": {f"v{number}": run_options(one) for number, one in enumerate(pair)},
            "interleaved": {"warmup": 3, "repeats": 400, "seconds": seconds},
        },
        cores=threads,
        alone=True,
        limits=stage.limits,
    )


def main() -> None:
    """Measure and print one line of figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fp32", type=Path)
    parser.add_argument("other", type=Path)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--limit", type=int, default=MANY)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    pair = load_artifact(given.fp32), load_artifact(given.other)
    used = {sha256 for one in pair if one.manifest.calibration for sha256 in one.manifest.calibration.photos.values()}
    photos = labelled(given.photos, pair[0].manifest.model.class_names, used, given.limit)
    classes = np.array([label for _, label in photos])
    with session(offline=True, verbose=False) as executor:
        scratch = executor.store.cache / "scratch"
        scratch.mkdir(exist_ok=True)
        found: list[list[np.ndarray]] = [[], []]
        for path in chunks(photos, pair[0], scratch):
            for outputs, one in zip(found, pair, strict=True):
                outputs.append(logits(one, path, executor))
        first, other = (np.concatenate(outputs).astype(np.float64) for outputs in found)
        told(first, other, classes, pair)
        if given.seconds > 0:
            path = next(chunks(photos[:1], pair[0], scratch))
            stage = interleaved(pair, path, given.threads, given.seconds)
            times = executor.run([stage]).result(stage).details["times"]
            executor.store.forget(stage)
            path.unlink()
            ratio = ratio_of(times["v1"], times["v0"])
            print(
                f"{np.median(times['v0']):.2f} -> {np.median(times['v1']):.2f} ms, ratio {ratio.median:.2f} "
                f"({ratio.low:.2f} to {ratio.high:.2f}), {given.threads} thread(s)"
            )


def told(first: np.ndarray, other: np.ndarray, classes: np.ndarray, pair: tuple[Artifact, Artifact]) -> None:
    """Print accuracies, their paired difference, agreement, errors by sample and sizes."""
    right = [(values.argmax(axis=1) == classes) for values in (first, other)]
    lost, won = int((right[0] & ~right[1]).sum()), int((~right[0] & right[1]).sum())
    noise = ((other - first) ** 2).sum(axis=1)
    decibel = 10 * np.log10((first**2).sum(axis=1) / np.maximum(noise, 1e-30))
    error = np.abs(other - first).max(axis=1) / np.abs(first).max(axis=1)
    sizes = [sum(record.bytes for record in one.manifest.files.values()) for one in pair]
    print(
        f"{pair[1].manifest.model.name} {pair[1].manifest.target} {pair[1].manifest.precision}: "
        f"{len(classes)} photos, top-1 {right[0].mean():.2%} -> {right[1].mean():.2%} ({lost} lost, {won} won), "
        f"agreement {np.mean(first.argmax(axis=1) == other.argmax(axis=1)):.1%}"
    )
    print(
        "SNR by sample, dB: "
        + ", ".join(f"{share}% {np.percentile(decibel, share):.1f}" for share in (0, 1, 5, 50, 95))
        + "; largest error of its range: "
        + ", ".join(f"{share}% {np.percentile(error, share):.3f}" for share in (50, 95, 99, 100))
    )
    print(f"size {sizes[0]} -> {sizes[1]} bytes, {sizes[1] / sizes[0]:.3f}")


if __name__ == "__main__":
    main()
