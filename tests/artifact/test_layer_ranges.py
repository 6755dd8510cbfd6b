"""`ranges.json` beside an artifact: what it says, and that it is edgekit's, hashed, and no part of what is judged."""

import hashlib
import json
from pathlib import Path

import pytest

from edgekit import __version__
from edgekit.artifact.golden import write_golden
from edgekit.artifact.judged import check_judged
from edgekit.artifact.load import load_artifact, read_manifest
from edgekit.artifact.manifest import FILE, FileRecord, Manifest
from edgekit.artifact.owned import GOLDEN, RANGES
from edgekit.artifact.ranges import LayerRanges, MeasuredOn, ranges_bytes, ranges_document, read_layers_ranges
from edgekit.artifact.write import write_artifact
from edgekit.conversion.write import unchanged_artifact
from edgekit.errors import UsageError
from edgekit.inputs.golden import GoldenInputs, golden_inputs
from edgekit.parity.dead_channels import dead_channels
from edgekit.parity.ranges import Ranges, TensorRange
from tests.artifact.test_golden import MANIFEST, MODEL, SPEC

DEAD = tuple((channel, 0.0 if channel % 2 else 1.5) for channel in range(10))
GOLDEN_RANGES = Ranges(
    10,
    (
        TensorRange("x", "input", False, -2.1234567, 2.0, 3, (-2.0, 1.0)),
        TensorRange("a", "relu", False, 0.0, 70000.0, 12, None, DEAD),
        TensorRange("b", "reshape2", True, None, None),
    ),
)
CALIBRATION = Ranges(
    32,
    tuple(
        TensorRange(one.name, one.type, one.folded, -1.0, 9.0, one.channels, None, DEAD)
        for one in GOLDEN_RANGES.tensors
    ),
)


def content(calibration: Ranges | None = CALIBRATION) -> bytes:
    measured = [one for one in (GOLDEN_RANGES, calibration) if one]
    calibrated = (calibration, MeasuredOn(32, "c" * 64)) if calibration else None
    golden = (GOLDEN_RANGES, MeasuredOn(10, "d" * 64))
    return ranges_bytes(ranges_document("M", "1" * 64, golden, calibrated, dead_channels(measured), {"a": (0.0, 8.0)}))


@pytest.fixture(scope="module")
def golden() -> GoldenInputs:
    return golden_inputs(SPEC, "x")


@pytest.fixture
def folder(cache: Path, tmp_path: Path) -> Path:
    (tmp_path / "model.onnx").write_bytes(MODEL)
    write_artifact(tmp_path / "onnx", {"M.onnx": tmp_path / "model.onnx"}, MANIFEST)
    return tmp_path / "onnx"


def write(folder: Path, golden: GoldenInputs, ranges: bytes | None, manifest: Manifest = MANIFEST) -> Manifest:
    oracle = {"logits": golden.tensors["x"]}
    return write_golden(folder, manifest, golden.tensors, oracle, golden.labels, golden.kinds, ranges=ranges)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    (tmp_path / RANGES).write_bytes(content())
    document = read_layers_ranges(tmp_path / RANGES)
    assert (document.schema, document.edgekit, document.model, document.program_key) == (1, __version__, "M", "1" * 64)
    assert (document.golden, document.calibration) == (MeasuredOn(10, "d" * 64), MeasuredOn(32, "c" * 64))
    assert document.layers == (
        LayerRanges("x", "input", 3, False, (-2.12346, 2.0), (-2.0, 1.0), (-1.0, 9.0)),
        LayerRanges(
            "a", "relu", 12, False, (0.0, 70000.0), None, (-1.0, 9.0), (0.0, 8.0), 10, 5, (0, 1, 2, 3, 4, 5, 6, 7)
        ),
        LayerRanges("b", "reshape2", None, True, None, None, (-1.0, 9.0)),
    )  # fmt: skip


def test_a_layer_has_a_line_of_its_own_and_what_is_usual_is_left_out() -> None:
    head, *lines, end = content(None).decode().splitlines()
    assert head.endswith('"calibration":null,"layers":[')
    assert json.loads(lines[0].rstrip(",")) == {
        "name": "x", "type": "input", "channels": 3, "golden": [-2.12346, 2.0], "photos": [-2.0, 1.0],
    }  # fmt: skip
    assert (len(lines), end) == (3, "]}")


def test_the_manifest_has_its_hash_and_a_change_is_noticed(folder: Path, golden: GoldenInputs) -> None:
    written = write(folder, golden, content())
    record = FileRecord(hashlib.sha256(content()).hexdigest(), len(content()), "ranges")
    assert written.ranges == {RANGES: record}
    assert load_artifact(folder).manifest == written
    assert set(written.named_files) == {"M.onnx", GOLDEN, RANGES}
    (folder / RANGES).write_bytes(content().replace(b"70000.0", b"60000.0"))
    with pytest.raises(UsageError, match=r"ranges\.json has been changed"):
        load_artifact(folder)
    (folder / RANGES).unlink()
    with pytest.raises(UsageError, match=r"lacks its file ranges\.json"):
        load_artifact(folder)


def test_it_is_no_part_of_what_is_judged(folder: Path, golden: GoldenInputs) -> None:
    before = load_artifact(folder)
    write(folder, golden, content())
    check_judged(before)
    assert unchanged_artifact(folder, MANIFEST) is not None


def test_other_ranges_take_its_place_and_without_any_it_stays(folder: Path, golden: GoldenInputs) -> None:
    first = write(folder, golden, content(None))
    second = write(folder, golden, content(), first)
    assert second.ranges != first.ranges
    inode = (folder / RANGES).stat().st_ino
    assert write(folder, golden, content(), second) == write(folder, golden, None, second) == second
    assert (folder / RANGES).stat().st_ino == inode
    assert load_artifact(folder).manifest == second


def test_ranges_of_somebody_are_not_replaced(folder: Path, golden: GoldenInputs) -> None:
    (folder / RANGES).write_bytes(b'{"schema": "mine"}')
    with pytest.raises(UsageError, match=r"ranges\.json is there already"):
        write(folder, golden, content())
    assert (folder / RANGES).read_bytes() == b'{"schema": "mine"}'
    assert read_manifest(folder) == MANIFEST
    # Where none are to be written, they are in nobody's way.
    assert write(folder, golden, None).ranges == {}


def test_ranges_go_with_the_artifact_named_or_left_by_a_killed_run(
    folder: Path, golden: GoldenInputs, tmp_path: Path
) -> None:
    for named in (True, False):
        write(folder, golden, content())
        if not named:
            (folder / FILE).write_bytes((folder / FILE).read_bytes().replace(RANGES.encode(), b"other.json"))
        write_artifact(folder, {"M.onnx": tmp_path / "model.onnx"}, MANIFEST)
        assert sorted(path.name for path in folder.iterdir()) == ["M.onnx", FILE]


def test_an_artifact_of_an_earlier_edgekit_has_none(folder: Path) -> None:
    text = (folder / FILE).read_text()
    document = json.loads(text)
    del document["ranges"]
    (folder / FILE).write_text(json.dumps(document))
    assert load_artifact(folder).manifest == MANIFEST
