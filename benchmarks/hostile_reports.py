"""What machines and strangers send, changed: reports, records, results of evaluations, archives of photos."""

import io
import json
import random
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from small_models import CLASSES, HALVES, small_models
from throwing import ROOT, Answer, Tally, changed, command, rounds

from edgekit.artifact.load import read_manifest
from edgekit.cache import cache_folder
from edgekit.classes import prepared
from edgekit.evaluate.output_log import FOLDER as EVALUATIONS
from edgekit.evaluate.output_log import SUFFIX
from edgekit.toolchain.environment import ensure_environment
from edgekit.toolchain.script import requirements_of
from tests.from_device.making import photo, sent
from tests.untrusted.shown import benchmark_record, matrix_report

PHOTOS = 6
RUN = """
import sys, numpy, onnxruntime
model, x, y, name, output = sys.argv[1:]
session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
numpy.save(y, session.run([output], {name: numpy.load(x)})[0])
"""
Made = tuple[list[str | Path], Callable[[Answer], bool]]


class Reports:
    """Healthy documents of one small model, which each round changes, in a cache of their own."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self.folder, self.chance, self.out = folder, chance, folder / "out"
        self.cache = folder / "cache"
        self.cache.mkdir()
        for shared in ("environments", "devices"):
            (self.cache / shared).symlink_to(cache_folder() / shared)
        model = small_models(folder / "models")[HALVES]
        self._done("convert", model, "-t", "onnx", "--verify", "--out", self.out)
        self.artifact = self.out / HALVES / "onnx"
        self.photos = folder / "photos.zip"
        self.photos.write_bytes(zipped_photos())
        self.evaluated = ("evaluate", self.artifact, "--json", "--data")
        self.figures = json.loads(self._done(*self.evaluated, self.photos, "--report", folder / "report").out)
        self.device = sent_report(folder, self.artifact)

    def _done(self, *arguments: str | Path) -> Answer:
        answer = command(self.folder, self.cache, *arguments)
        assert answer.status == 0, answer.err
        return answer

    def make(self, scratch: Path) -> Made:
        """One of them, changed, and the command that reads it."""
        kinds = (self.merged, self.compared, self.judged, self.results, self.archive, self.resumed)
        return self.chance.choice(kinds)(scratch)

    def merged(self, scratch: Path) -> Made:
        """`edgekit matrix merge`: never passed in silence where a cell says that it failed."""
        path = self._changed(scratch / "matrix.json", matrix_report())
        page = ("--support-page", scratch / "page.md", "--junit", scratch / "junit.xml")
        return ["matrix", "merge", path, "--out", scratch / "merged", *page, *self._json()], nothing_else

    def compared(self, scratch: Path) -> Made:
        """`edgekit compare` of a healthy record and a changed one."""
        (scratch / "healthy.json").write_bytes(benchmark_record())
        path = self._changed(scratch / "r.json", benchmark_record())
        return ["compare", scratch / "healthy.json", path, "--html", scratch / "c.html", *self._json()], nothing_else

    def judged(self, scratch: Path) -> Made:
        """`edgekit verify --from-device`: what passes has the outputs that were sent."""
        path = scratch / "report.zip"
        with zipfile.ZipFile(self.device) as healthy:
            files = {name: healthy.read(name) for name in healthy.namelist()}
        name = self.chance.choice(sorted(files))
        whole = self.chance.random() < 0.3
        written = files | ({} if whole else {name: changed(files[name], self.chance)})
        with zipfile.ZipFile(path, "w") as archive:
            for one, content in written.items():
                archive.writestr(one, content)
        if whole:
            path.write_bytes(changed(path.read_bytes(), self.chance))
        telling = [one for one in files if one.startswith(("outputs", "tensors", "frame"))]

        def is_wrong(answer: Answer) -> bool:
            return answer.status == 0 and any(differs(one, files[one], contents(path).get(one)) for one in telling)

        return ["verify", self.artifact, "--from-device", path, *self._json()], is_wrong

    def results(self, scratch: Path) -> Made:
        """`edgekit evaluate merge` of changed results."""
        path = self._changed(scratch / "photos.jsonl", (self.folder / "report" / "photos.jsonl").read_bytes())
        return ["evaluate", "merge", path, "--report", scratch / "report", *self._json()], nothing_else

    def archive(self, scratch: Path) -> Made:
        """`edgekit evaluate` of a changed archive."""
        path = scratch / self.chance.choice(("photos.zip", "photos.tar", "photos.tar.gz", "val_list.txt"))
        match path.suffix:
            case ".zip":
                content = zipped_photos(zipfile.ZIP_STORED)
            case ".txt":
                for name, picture in pictures().items():
                    (scratch / name).parent.mkdir(exist_ok=True)
                    (scratch / name).write_bytes(picture)
                content = "".join(f"{name} {index % 7}\n" for index, name in enumerate(pictures())).encode()
            case _:
                content = tarred_photos("w:gz" if path.suffix == ".gz" else "w")
        self._changed(path, content)
        return [*self.evaluated, path], nothing_else

    def resumed(self, scratch: Path) -> Made:
        """`edgekit evaluate` of the same photos beside changed records: its figures are those of before."""
        records = sorted((self.cache / EVALUATIONS).rglob(f"*{SUFFIX}"))
        path = self.chance.choice(records)
        if path.is_file():
            path.write_bytes(changed(path.read_bytes(), self.chance))

        def is_wrong(answer: Answer) -> bool:
            # Whatever a record says, the photos are there to be run again.
            return answer.status != 0 or shares(json.loads(answer.out)) != shares(self.figures)

        return [*self.evaluated, self.photos], is_wrong

    def _changed(self, path: Path, content: bytes) -> Path:
        path.write_bytes(changed(content, self.chance))
        return path

    def _json(self) -> list[str | Path]:
        return ["--json"] if self.chance.random() < 0.5 else []


def try_reports(count: int, chance: random.Random, keep: Path) -> Tally:
    """Changed documents of others through the commands that read them."""
    tally = Tally("reports")
    with tempfile.TemporaryDirectory() as made:
        reports = Reports(Path(made), chance)
        rounds(tally, count, keep, reports.make, reports.cache)
    return tally


def nothing_else(answer: Answer) -> bool:
    """What has no verdict that could be wrong."""
    return False


def shares(document: dict[str, Any]) -> list[Any]:
    """The figures of an evaluation that a photo's answer could change."""
    return [[one[name] for name in ("name", "top1", "agreement", "errors")] for one in document["models"]]


def contents(path: Path) -> dict[str, bytes]:
    """The files of a zip; none of one that cannot be read."""
    try:
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    except (OSError, ValueError, RuntimeError, NotImplementedError, zipfile.BadZipFile):
        return {}


def differs(name: str, before: bytes, after: bytes | None) -> bool:
    """Whether a file of a device's report says something else than before, by more than the limits of a verdict."""
    if after is None:
        return name.startswith("outputs")  # nothing could be judged
    if before == after:
        return False
    if name.endswith(".png"):
        return picture(before) != picture(after)
    if not name.endswith(".safetensors"):
        return False
    from safetensors.numpy import load

    one, other = load(before), load(after)
    largest = max(np.abs(value).max() for value in one.values())
    with np.errstate(all="ignore"):
        return any(
            key not in other or other[key].shape != value.shape or not np.abs(other[key] - value).max() < 1e-4 * largest
            for key, value in one.items()
        )


def picture(content: bytes) -> bytes:
    """The levels of a photo."""
    with Image.open(io.BytesIO(content)) as opened:
        return np.asarray(opened.convert("RGB")).tobytes()


def sent_report(folder: Path, artifact: Path) -> Path:
    """A device's report on an artifact, with the outputs that its program has: the reference computes them."""
    from safetensors.numpy import save

    manifest = read_manifest(artifact)
    tensor = prepared(photo(), manifest)[None]
    (model,) = artifact.glob("*.onnx")
    (spec,), (output,) = manifest.inputs, manifest.outputs
    runtime = ensure_environment(requirements_of(ROOT / "converters" / "onnx" / "run.py"), cache_folder(), print)
    np.save(folder / "x.npy", tensor)
    words = (runtime, "-c", RUN, model, folder / "x.npy", folder / "y.npy", spec.target_name, output.target_name)
    subprocess.run(words, check=True)
    values = np.load(folder / "y.npy")
    order = np.argsort(-values[0])
    files = {
        "tensors.safetensors": save({spec.name: tensor}),
        "outputs.safetensors": save({output.name: values}),
    }
    top = [{"index": int(order[0]), "label": CLASSES[order[0]], "probability": 0.5}]
    return sent(
        folder / "report.zip", artifact, files, zipfile.ZIP_STORED,
        model=manifest.model.name, target=manifest.target, backend="onnx", top=top,
    )  # fmt: skip


def pictures() -> dict[str, bytes]:
    """Photos, one of each class."""
    made = {}
    for index in range(PHOTOS):
        stream = io.BytesIO()
        Image.fromarray(np.roll(photo(), index * 9, axis=1) // (index + 1)).save(stream, "PNG")
        made[f"{CLASSES[index]}/{index}.png"] = stream.getvalue()
    return made


def zipped_photos(method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """The photos as a zip."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in pictures().items():
            archive.writestr(name, content)
    return stream.getvalue()


def tarred_photos(mode: Any) -> bytes:
    """The photos as a tar."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:
        for name, content in pictures().items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()
