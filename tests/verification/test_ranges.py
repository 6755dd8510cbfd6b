"""What an INT8 artifact's verification says and keeps of its layers, on fake converters."""

import json
from pathlib import Path

import pytest

from edgekit.artifact.load import load_artifact
from edgekit.artifact.manifest import CalibrationRecord, Manifest
from edgekit.artifact.owned import RANGES
from edgekit.artifact.ranges import LayersRanges, read_layers_ranges
from edgekit.cache import cache_folder
from edgekit.calibration.photos import FEWEST
from edgekit.cli.app import run
from edgekit.verification.ranges import prepared_photos
from tests.calibration.test_calibration import prepared, write_photos
from tests.int8_project import MODEL, Int8Project

SATURATED = (
    "layer b (relu) takes 0 to 7 on the golden photos, and 0 to 4 on 32 of the calibration: INT8 may cut off what is "
    "beyond; calibrate it on photos like those that it will see, and judge it by such (--golden DIR)"
)
DEAD = "1 channel of the network never changes (1 of 8 in a (relu)), which is no fault of the conversion"


def convert(project: Int8Project, *words: str, precision: str = "int8") -> int:
    photos = write_photos(project.out.with_name("calibration"), FEWEST)
    given = ["--calibration", str(photos)] if precision == "int8" else []
    out = ["--out", str(project.out)]
    return run(["convert", *MODEL, "-t", "onnx", "--precision", precision, *given, *out, *words])


def folder(project: Int8Project) -> Path:
    return project.out / "ResNet18" / "onnx-int8"


def manifest_of(project: Int8Project) -> Manifest:
    return load_artifact(folder(project)).manifest


def document_of(project: Int8Project) -> LayersRanges:
    assert set(manifest_of(project).ranges) == {RANGES}
    return read_layers_ranges(folder(project) / RANGES)


def warnings(project: Int8Project) -> tuple[str, ...]:
    (verdict,) = manifest_of(project).verdicts
    assert verdict.verdict.passed
    return verdict.verdict.warnings


def test_saturation_and_dead_channels_are_said_and_kept(int8_project: Int8Project) -> None:
    assert convert(int8_project, "--verify") == 0
    assert warnings(int8_project) == (SATURATED, DEAD)
    document, manifest = document_of(int8_project), manifest_of(int8_project)
    assert manifest.calibration is not None and manifest.samples is not None
    assert document.calibration is not None
    assert (document.program_key, document.golden.samples) == (manifest.program_key, 10)
    assert document.golden.samples_sha256 == manifest.samples.samples_sha256
    assert document.calibration.samples == 32
    assert document.calibration.samples_sha256 == manifest.calibration.samples_sha256
    first, second = document.layers
    assert (first.dead, first.zero, first.first_dead) == (1, 1, (5,))
    assert (second.golden, second.calibration, second.dead) == ((0.0, 7.0), (0.0, 4.0), 0)


def test_the_page_has_them_too(int8_project: Int8Project, tmp_path: Path) -> None:
    assert convert(int8_project, "--verify") == 0
    page = tmp_path / "page.html"
    assert run(["report", "ResNet18", "--artifacts", str(int8_project.out), "--out", str(page)]) == 0
    text = " ".join(page.read_text().split())
    assert "onnx warning: layer b (relu) takes 0 to 7" in text
    assert (
        "2 on 10 golden inputs and 32 photos of the calibration in ranges.json; the largest magnitude is 7, of b; "
        "1 have channels that never change"
    ) in text
    assert manifest_of(int8_project).ranges[RANGES].sha256 in text


def test_they_are_measured_once_and_again_only_for_other_photos(int8_project: Int8Project) -> None:
    assert convert(int8_project, "--verify") == 0
    assert int8_project.called().count("paddle.ranges 0") == 2
    first = (folder(int8_project) / RANGES).read_bytes()
    assert run(["verify", str(folder(int8_project))]) == 0
    assert int8_project.called().count("paddle.ranges 0") == 2
    assert (folder(int8_project) / RANGES).read_bytes() == first
    own = write_photos(int8_project.out.with_name("own"), 8, first=500)
    assert run(["verify", str(folder(int8_project)), "--golden", str(own)]) == 0
    assert int8_project.called().count("paddle.ranges 0") == 3
    samples = manifest_of(int8_project).samples
    assert samples is not None
    assert document_of(int8_project).golden.samples_sha256 == samples.samples_sha256


def test_where_they_cannot_be_measured_the_verdict_stands_and_says_so(int8_project: Int8Project) -> None:
    int8_project.fail("paddle/ranges")
    assert convert(int8_project, "--verify") == 0
    (said,) = warnings(int8_project)
    assert said.startswith("whether its layers stay within what it was calibrated on is not known: ")
    assert "the layer Foo is unknown" in said
    assert manifest_of(int8_project).ranges == {}
    assert not (folder(int8_project) / RANGES).exists()


def test_without_the_photos_of_the_calibration_the_golden_ones_are_measured(int8_project: Int8Project) -> None:
    assert convert(int8_project) == 0
    assert manifest_of(int8_project).ranges == {}
    for path in (cache_folder() / "inputs").glob("calibration-*"):
        path.unlink()
    assert run(["verify", str(folder(int8_project))]) == 0
    said, dead = warnings(int8_project)
    assert said == (
        "whether its layers stay within what it was calibrated on is not known: the photos that it was calibrated on "
        "are no longer prepared in the cache"
    )
    # One channel more: only the calibration's photos move it.
    assert dead == "2 channels of the network never change (2 of 8 in a (relu)), which is no fault of the conversion"
    document = document_of(int8_project)
    assert document.calibration is None
    assert [one.calibration for one in document.layers] == [None, None]


def test_ranges_of_somebody_are_refused_before_anything_runs(
    int8_project: Int8Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert convert(int8_project) == 0
    (folder(int8_project) / RANGES).write_text("mine")
    before = int8_project.called()
    assert run(["verify", str(folder(int8_project))]) == 2
    assert "ranges.json is there already" in " ".join(capsys.readouterr().err.split())
    assert int8_project.called() == before
    assert (folder(int8_project) / RANGES).read_text() == "mine"


def test_what_is_in_fp32_has_none(int8_project: Int8Project) -> None:
    assert convert(int8_project, "--verify", precision="fp32") == 0
    manifest = load_artifact(int8_project.out / "ResNet18" / "onnx").manifest
    assert manifest.ranges == {} and manifest.verdicts[0].verdict.warnings == ()
    assert not any("ranges" in one for one in int8_project.called())


def test_an_earlier_edgekits_artifact_gets_them_when_it_is_verified(int8_project: Int8Project) -> None:
    assert convert(int8_project) == 0
    path = folder(int8_project) / "manifest.json"
    document = json.loads(path.read_text())
    del document["ranges"]
    path.write_text(json.dumps(document))
    assert run(["verify", str(folder(int8_project))]) == 0
    assert document_of(int8_project).golden.samples == 10


def test_the_prepared_photos_are_found_by_what_is_in_them(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    made = prepared(write_photos(tmp_path / "one", FEWEST), cache)
    prepared(write_photos(tmp_path / "two", FEWEST, first=1000), cache)
    found = prepared_photos(made.record, cache)
    assert found is not None
    assert (found.path, found.sha256, found.content) == (made.source.path, made.source.sha256, made.source.content)
    assert prepared_photos(CalibrationRecord("x", "0" * 64, {}), cache) is None
    with made.source.path.open("r+b") as file:
        file.seek(5000)
        file.write(b"\1\2\3\4")
    assert prepared_photos(made.record, cache) is None
