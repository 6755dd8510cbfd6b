"""The README's picture is what its script draws of the demo, and the script draws what a verdict says."""

import re
import xml.etree.ElementTree as ET

import pytest
from msgspec.structs import replace

from conftest import Converted
from edgekit.artifact.load import find_artifacts, read_manifest
from edgekit.artifact.manifest import VariantVerdict
from edgekit.parity import ErrorFigures, OutputFigures, Verdict
from tests.from_device.making import MANIFEST
from tools.readme_picture import AXIS, BAD, GOOD, OPEN, PICTURE, RIGHT, drawn, place

SVG = "{http://www.w3.org/2000/svg}"


def skeleton(picture: str) -> str:
    """A picture without what another machine measures a little differently: where marks and lines of the errors are."""
    return re.sub(r'\b(cx|x|width)="[\d.]+"', r'\1="#"', picture)


@pytest.mark.toolchain
def test_the_readme_has_the_picture_of_the_demo(mixnet: Converted) -> None:
    manifests = [read_manifest(path) for path in find_artifacts(mixnet.out, "MixNet_S")]
    assert skeleton(drawn("MixNet_S", manifests)) == skeleton(PICTURE.read_text(encoding="utf-8"))


def picture(status: str, error: float) -> ET.Element:
    """What is drawn of one artifact with such a verdict."""

    def off_by(size: float) -> ErrorFigures:
        return ErrorFigures(max_abs=size, max_relative=size, rms_relative=size, cosine=1.0, snr_db=None)

    figures = OutputFigures(
        kind="logits", samples=1, classes=3, against_oracle=off_by(error), against_reference=off_by(error),
        noise=off_by(4e-7), max_threshold=3e-6, rms_threshold=None, worst_sample="cat", top1_agreement=1.0,
        top1_agreement_photos=1.0, top5_agreement=None, top5_agreement_photos=None, flips=[],
    )  # fmt: skip
    verdict = Verdict(status, "Paddle", "fp32", outputs={"logits": figures})  # type: ignore[arg-type]
    return ET.fromstring(drawn("M", [replace(MANIFEST, verdicts=(VariantVerdict("", verdict),))]))


def circles(root: ET.Element, colour: str) -> list[float]:
    """Where the targets' own marks of a colour are."""
    marks = (one for one in root.iter(f"{SVG}circle") if one.get("r") == "7")
    return [float(one.get("cx", "")) for one in marks if one.get("fill") == colour]


def test_a_passed_verdict_is_green_and_lies_where_its_error_does() -> None:
    root = picture("passed", 1e-6)
    assert circles(root, GOOD) == [pytest.approx(place(1e-6), abs=0.1)]
    assert pytest.approx(place(1e-6)) == AXIS + (RIGHT - 26 - AXIS) / 2  # the middle of 1e-7 and 1e-5
    assert [one.get("fill") for one in root.iter(f"{SVG}text") if one.text == "passed"] == [GOOD]


def test_a_failed_verdict_is_red_and_stays_on_the_axis() -> None:
    root = picture("failed", 0.5)
    assert circles(root, BAD) == [RIGHT - 26]
    assert not circles(root, GOOD)


def test_what_did_not_run_has_no_mark() -> None:
    manifest = replace(MANIFEST, verdicts=(VariantVerdict("ARM", Verdict.not_run("needs an ARM device")),))
    root = ET.fromstring(drawn("M", [manifest, replace(manifest, precision="int8")]))
    assert not circles(root, GOOD) + circles(root, BAD)
    assert [one.get("fill") for one in root.iter(f"{SVG}text") if one.text == "not run"] == [OPEN]
