"""Every parser of what strangers write, with healthy documents to start from."""

import io
import pickle
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from safetensors.numpy import save

from edgekit.artifact.load import read_manifest
from edgekit.artifact.manifest import FileRecord, VariantVerdict
from edgekit.artifact.ranges import MeasuredOn, ranges_bytes, ranges_document, read_layers_ranges
from edgekit.configuration.configuration import read_configuration
from edgekit.configuration.labels import read_labels
from edgekit.errors import EdgekitError
from edgekit.evaluate.dataset import open_dataset
from edgekit.from_device.judge import preparation_stages
from edgekit.from_device.report import receive
from edgekit.inputs.images import load_image
from edgekit.matrix.cell import Cell
from edgekit.matrix.record import Record, read_record, record_path
from edgekit.parity import Verdict
from edgekit.parity.dead_channels import dead_channels
from edgekit.parity.ranges import Ranges, TensorRange
from edgekit.recipe.load import load_recipe
from edgekit.reference.bundle import checked_bundle
from edgekit.untrusted.archives import open_archive
from edgekit.untrusted.elf import read_library
from edgekit.untrusted.json_document import encode_json
from edgekit.weights.pdparams import read_pdparams
from edgekit.weights.prepare import for_export
from edgekit.weights.safetensors_file import check_safetensors, read_safetensors
from tests.from_device.making import sent
from tests.reference.making import Network, written
from tests.untrusted.libraries import ARMV7, archive, shared
from tests.untrusted.shown import (
    benchmark_record,
    comparison_shown,
    matrix_report,
    matrix_shown,
    results_shown,
)

TABLE = "StructuredToParameterName@@"
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Parser:
    """A parser: the `name` of its file, healthy `seeds`, and what reads the file."""

    name: str
    seeds: tuple[bytes, ...]
    read: Callable[[Path], object]

    def refused(self, content: bytes, folder: Path) -> str | None:
        """The sentence with which the parser refuses `content`, None where it takes it. Raises whatever is a fault."""
        path = folder / self.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        try:
            self.read(path)
        except EdgekitError as error:
            return str(error)
        return None


def parsers(scratch: Path) -> dict[str, Parser]:
    """All of them by what they read; `scratch` is an existing folder."""
    tensors = {"conv.weight": np.arange(24, dtype=np.float32).reshape(2, 3, 4), "norm.bias": np.ones(3, np.float64)}
    manifest = (ROOT / "tests" / "artifact" / "manifest_schema_1.json").read_bytes()
    bundle = written(scratch / "seed.safetensors", Network.of(0).run("fp32")).path.read_bytes()
    record = record_path(Path(), "M", "onnx")
    return {
        "manifest": Parser("manifest.json", (manifest,), lambda path: read_manifest(path.parent)),
        "ranges": Parser("ranges.json", (ranges(),), read_layers_ranges),
        "bundle": Parser("b.safetensors", (bundle,), checked_bundle),
        "matrix record": Parser(str(record), (cell(),), lambda path: read_record(path.parents[2], "M", "onnx")),
        "recipe": Parser(
            "mine.toml", tuple(path.read_bytes() for path in sorted((ROOT / "recipes").glob("*.toml"))), load_recipe
        ),
        "configuration": Parser("inference.yml", CONFIGURATIONS, read_configuration),
        "labels": Parser("names.txt", (b"0 cat\n1 dog\n", b'["cat", "dog"]', b'{"0": "cat", "1": "dog"}'), read_labels),
        "pdparams": Parser(
            "w.pdparams",
            tuple(pickle.dumps({**tensors, TABLE: {"a": "b"}}, number) for number in range(2, 6)),
            lambda path: for_export(read_pdparams(path), path),
        ),
        "safetensors": Parser("w.safetensors", (save(tensors, {"a": "b"}),), read_weights),
        "library": Parser("lib.so", (shared(), shared(ARMV7), archive()), read_library),
        "device's report": Parser("report.zip", (device_report(scratch),), read_report),
        "photo": Parser("photo.png", (photo("PNG"), photo("JPEG"), photo("WEBP")), load_image),
        "archive": Parser("photos.zip", (zipped(), zipped(0), tarred()), read_archive),
        "results": Parser("photos.jsonl", (RESULTS,), results_shown),
        "matrix report": Parser("matrix.json", (matrix_report(),), matrix_shown),
        "benchmark": Parser("record.json", (benchmark_record(),), comparison_shown),
        "list of photos": Parser(
            "val_list.txt", (b"a.jpg 0\nb c.jpg 1\n", b"a.jpg\t0,1\nb c.jpg\t1,1\n"), read_list
        ),
    }  # fmt: skip


def read_archive(path: Path) -> object:
    """Every file of an archive."""
    archive = open_archive(path)
    try:
        return [archive.read(name, 1 << 20) for name in archive.names]
    finally:
        archive.close()


def read_list(path: Path) -> object:
    """A list as `--data` reads it."""
    for name in ("a.jpg", "b c.jpg"):
        (path.parent / name).touch()
    return open_dataset(str(path))


def zipped(method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A small zip."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name in ("a/1.jpg", "b/2.jpg"):
            archive.writestr(name, name.encode() * 20)
    return stream.getvalue()


def tarred() -> bytes:
    """A small tar."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in ("a/1.jpg", "b/ü.jpg"):
            info = tarfile.TarInfo(name)
            info.size = 20
            archive.addfile(info, io.BytesIO(bytes(20)))
    return stream.getvalue()


def read_weights(path: Path) -> object:
    """A safetensors file as `--weights` reads it."""
    check_safetensors(path)
    return for_export(*read_safetensors(path)[:1], path)


def device_report(scratch: Path) -> bytes:
    """A device's report, not packed, so that a change reaches its files."""
    manifest = (ROOT / "tests" / "artifact" / "manifest_schema_1.json").read_bytes()
    (scratch / "manifest.json").write_bytes(manifest)
    path = sent(scratch / "report.zip", scratch, method=zipfile.ZIP_STORED)
    return path.read_bytes()


def read_report(path: Path) -> object:
    """A device's report as `edgekit verify --from-device` reads it, up to its tensors."""
    with tempfile.TemporaryDirectory() as folder:
        found = receive(path, Path(folder))
        return preparation_stages(found)


def photo(kind: str) -> bytes:
    """A small photo."""
    stream = io.BytesIO()
    Image.fromarray(np.arange(300, dtype=np.uint8).reshape(10, 10, 3)).save(stream, kind)
    return stream.getvalue()


def cell() -> bytes:
    """A matrix record of a cell that failed."""
    failed = VariantVerdict("", Verdict("failed", "Paddle", "fp32", "so"), {"p50_ms": 1.0})
    found = Cell(
        model="M", family="F", architecture="A", parameters=1, input_size=[80, 160], target="onnx", weights="demo",
        key="0" * 64, made="2021-11-05", status="failed", variants=(failed,),
        files={"M.onnx": FileRecord("0" * 64, 7, "model.onnx")}, reference_latency={"p50_ms": 1.0},
    )  # fmt: skip
    return encode_json(Record(found, {"M.onnx": (1, 2)}))


RESULTS = (
    b'{"format":"edgekit evaluation","schema":1,"edgekit":"0.1.0","model":"M","weights":"0","class_count":3,'
    b'"class_names":null,"output_kind":"logits","data":"x","said":"y","labelled":true,"photos":1,'
    b'"subjects":[{"name":"onnx","title":"ONNX","precision":"fp32","identity":"2"}]}\n'
    b'{"photo":"0.jpg","sha256":"0","truth":0,"answers":{"onnx":{"top":[0,1],"probabilities":[0.9,0.1]}}}\n'
)
CONFIGURATIONS = (
    b"""\
PreProcess:
  transform_ops:
    - ResizeImage: {resize_short: 256}
    - CropImage: {size: 224}
    - NormalizeImage: {scale: 1.0/255.0, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], order: ''}
    - ToCHWImage:
PostProcess:
  Topk: {topk: 5, label_list: [cat, dog]}
  MultiLabelThreshOutput: {threshold: 0.4}
""",
    b"""\
Model: MobileNetV3
Transforms:
- ResizeByShort: {max_size: -1, short_size: 256}
- CenterCrop: {crop_size: 224}
- Normalize: {mean: &m [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], min_val: [0, 0, 0], max_val: [255, 255, 255]}
_Attributes: {model_type: classifier, labels: [cat, dog], mean: *m}
version: 2.0.0
""",
    b"""\
Preprocess:
- {type: Resize, target_size: [224, 224], keep_ratio: false, interp: 2}
- {type: NormalizeImage, is_scale: true, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5]}
- {type: Permute}
label_list: [cat, dog]
""",
)


def ranges() -> bytes:
    """The ranges of two layers."""
    tensors = tuple(TensorRange(name, "relu", False, 0.0, 3.5, 4, (0.0, 3.0), ((1, 0.0),)) for name in "ab")
    measured = Ranges(10, tensors)
    on = (measured, MeasuredOn(10, "0" * 64))
    return ranges_bytes(ranges_document("M", "1" * 64, on, on, dead_channels([measured])))
