"""Which labels artifacts give, and where they part, on arrays; a real model is in runtime_tests/test_predict.py."""

import math
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from edgekit.artifact.load import Artifact
from edgekit.artifact.manifest import Manifest, ModelRecord, TensorSpec, VariantVerdict, WeightsRecord
from edgekit.classes import Ranked
from edgekit.cli.predict import document, show_agreement
from edgekit.given_labels import given_and_near
from edgekit.inputs.preprocessing import Preprocessing
from edgekit.parity import ErrorFigures, OutputFigures, Verdict
from edgekit.parity.verdict import OutputKind, Precision
from edgekit.predict import Prediction, predictions_of
from edgekit.report.predictions import prediction_table
from tests.report.width import rendered

NAMES = ("hat", "glasses", "bag", "skirt", "boots", "coat", "scarf")
THRESHOLDS = (0.5, 0.3, 0.5, 0.5, 0.5, 0.6, 0.5)
NOISE = 1e-4
"""Of the verdicts here, relative; logits are small, so a sample's scale is about 1 to 3."""
PHOTO = Path("street.jpg")


def manifest(
    kind: OutputKind = "sigmoid",
    thresholds: tuple[float, ...] = THRESHOLDS,
    count: int = len(NAMES),
    *,
    precision: Precision = "fp32",
    target: str = "ncnn",
    noise: float | None = NOISE,
) -> Manifest:
    return Manifest(
        edgekit="0.1.0",
        target=target,
        precision=precision,
        batch=1,
        model=ModelRecord("M", "F", "A", count, NAMES[:count]),
        weights=WeightsRecord("demo", "demo", "0" * 64),
        preprocessing=Preprocessing(resize_short=8, crop=8),
        inputs=(TensorSpec("x", "x", (1, 3, 8, 8), "float32"),),
        outputs=(TensorSpec("y", "y", (1, count), "float32", kind, thresholds=thresholds),),
        program_key="1" * 64,
        stages=(),
        rewrites=(),
        files={},
        verdicts=() if noise is None else (verdict(kind, noise, precision),),
    )


def verdict(kind: OutputKind, noise: float, precision: Precision) -> VariantVerdict:
    off = ErrorFigures(max_abs=noise, max_relative=noise, rms_relative=noise, cosine=1.0, snr_db=None)
    figures = OutputFigures(
        kind=kind,
        samples=10,
        classes=len(NAMES),
        against_oracle=off,
        against_reference=off,
        noise=off,
        max_threshold=8 * noise,
        rms_threshold=None,
        worst_sample="photo 0",
        top1_agreement=None,
        top1_agreement_photos=None,
        top5_agreement=None,
        top5_agreement_photos=None,
        flips=[],
    )
    return VariantVerdict("", Verdict("passed", "Paddle", precision, "", {"y": figures}))


def prediction(**rows: tuple[Manifest, list[float]]) -> Prediction:
    outputs = {name: np.array([row], np.float64) for name, (_, row) in rows.items()}
    (one,) = predictions_of([PHOTO], outputs, {name: made for name, (made, _) in rows.items()}, 5)
    return one


def given(one: Prediction) -> dict[str, list[int]]:
    return {name: [each.index for each in labels.given] for name, labels in one.labels.items()}


def off(threshold: float, logits: float) -> float:
    """The probability whose logit is so far from the threshold's."""
    return 1 / (1 + math.exp(-(math.log(threshold / (1 - threshold)) + logits)))


ROW = [0.9, 0.35, 0.45, 0.1, 0.05, 0.55, 0.02]


def test_every_label_has_its_own_threshold() -> None:
    one = prediction(ncnn=(manifest(), ROW))
    assert one.labels["ncnn"].given == (Ranked(0, "hat", 0.9), Ranked(1, "glasses", 0.35))
    # Without any, 0.5 is that of all.
    assert given(prediction(ncnn=(manifest(thresholds=()), ROW))) == {"ncnn": [0, 5]}
    assert given(prediction(ncnn=(manifest(thresholds=(0.4,)), ROW))) == {"ncnn": [0, 2, 5]}
    # Just on its threshold is not above, as in the runtime.
    assert given(prediction(ncnn=(manifest(thresholds=(0.9,)), ROW))) == {"ncnn": []}


def test_targets_that_part_on_another_label_than_the_first_disagree() -> None:
    other = [*ROW[:5], 0.65, ROW[6]]
    one = prediction(ncnn=(manifest(), ROW), onnx=(manifest(target="onnx"), other))
    assert [ranked[0].index for ranked in one.answers.values()] == [0, 0]
    assert not one.agreed
    assert one.parted == {5}
    assert prediction(ncnn=(manifest(), ROW), onnx=(manifest(target="onnx"), ROW)).agreed


def test_another_first_label_is_no_disagreement() -> None:
    """Of labels that do not exclude each other none is the answer."""
    one, other = [0.9, 0.8, *ROW[2:]], [0.8, 0.9, *ROW[2:]]
    assert prediction(ncnn=(manifest(), one), onnx=(manifest(), other)).agreed


@pytest.mark.parametrize(("logits", "agreed"), [(1e-4, True), (1e-3, False)])
def test_what_is_nearer_to_its_threshold_than_the_noise_is_no_disagreement(logits: float, agreed: bool) -> None:
    """Twice 1e-4 of a scale of 3.9 are 7.8e-4 in logits."""
    above, below = [*ROW], [*ROW]
    above[5], below[5] = off(0.6, logits), off(0.6, -logits)
    one = prediction(ncnn=(manifest(), above), openvino=(manifest(target="openvino"), below))
    assert given(one) == {"ncnn": [0, 1, 5], "openvino": [0, 1]}
    assert one.agreed is agreed


def test_one_that_is_sure_and_one_that_cannot_tell_do_not_disagree() -> None:
    above, near = [*ROW], [*ROW]
    above[5], near[5] = 0.9, off(0.6, -1e-5)
    assert prediction(ncnn=(manifest(), above), onnx=(manifest(), near)).agreed
    # A third one is sure of the contrary.
    three = prediction(ncnn=(manifest(), above), onnx=(manifest(), near), lite=(manifest(), ROW))
    assert not three.agreed


def test_without_a_verdict_the_noise_is_the_floor() -> None:
    near = np.array([[off(t, 1e-5) for t in THRESHOLDS], [off(t, 2e-6) for t in THRESHOLDS]])
    above, excused = given_and_near(near, manifest(noise=None))
    assert above.all()
    assert excused.tolist() == [[False] * 7, [True] * 7]


def test_a_manifest_cannot_excuse_everything() -> None:
    far = np.array([[off(t, 0.05) for t in THRESHOLDS]])
    assert not given_and_near(far, manifest(noise=1e308))[1].any()


def test_digits_that_a_format_or_a_sigmoid_does_not_have_decide_nothing() -> None:
    step = np.array([[0.5 + 1 / 300]])
    assert given_and_near(step, manifest(thresholds=(), count=1, precision="int8"))[1].all()
    assert not given_and_near(step, manifest(thresholds=(), count=1))[1].any()
    # ONNX Runtime's sigmoid is off by up to 2.4e-7 near 0 too.
    rare = np.array([[1e-4 + 2e-7]])
    assert given_and_near(rare, manifest(thresholds=(1e-4,), count=1, target="onnx"))[1].all()
    assert not given_and_near(rare, manifest(thresholds=(1e-4,), count=1))[1].any()


def test_one_logit_decides_by_its_sign() -> None:
    made = manifest("logits", (), 1)
    assert not prediction(ncnn=(made, [0.5]), onnx=(made, [-0.5])).agreed
    assert prediction(ncnn=(made, [0.5]), onnx=(made, [0.2])).agreed


def test_classes_that_exclude_each_other_are_no_labels() -> None:
    for kind in ("logits", "probabilities"):
        one = prediction(ncnn=(manifest(kind, ()), ROW))
        assert (one.labels, one.agreed) == ({}, True)


def test_the_table_shows_every_given_label_ticked_with_every_target_s_number() -> None:
    most = [0.9, 0.8, 0.7, 0.66, 0.77, 0.61, 0.02]
    fewer = [0.9, 0.8, 0.7, 0.66, 0.77, 0.41, 0.02]
    one = prediction(ncnn=(manifest(), most), onnx=(manifest(), fewer))
    lines = [line.split() for line in rendered(prediction_table([one])).splitlines() if "%" in line]
    assert lines[0] == ["street.jpg", "0", "hat", "✓", "90.00", "%", "✓", "90.00", "%"]
    # By their probabilities; the sixth is beyond the five that were asked for.
    assert [line[line.index("✓") - 2] for line in lines] == ["0", "1", "4", "2", "3", "5"]
    assert lines[-1] == ["5", "coat", "✓", "61.00", "%", "41.00", "%"]


def test_the_table_of_many_targets_fits_a_terminal() -> None:
    labels = ("lite", "ncnn", "onnx-embedded", "openvino", "openvino-int8")
    shown = rendered(prediction_table([prediction(**{label: (manifest(), [1.0] * 7) for label in labels})]))
    assert shown.count("✓ 100.00") == 35
    assert "…" not in shown


def test_disagreement_is_red_where_it_is() -> None:
    other = [*ROW[:5], 0.65, ROW[6]]
    table = prediction_table([prediction(ncnn=(manifest(), ROW), onnx=(manifest(), other))])
    styles = [[str(cell.style) for cell in column.cells] for column in table.columns]  # pyright: ignore[reportAttributeAccessIssue]
    titles = [str(cell) for cell in table.columns[1].cells]
    row = titles.index("5 coat")
    assert [styles[2][row], styles[3][row]] == ["red", "bold red"]
    assert [styles[2][0], styles[3][0]] == ["bold", "bold"]


def test_the_document_has_the_labels(tmp_path: Path) -> None:
    made = {"ncnn": manifest(), "onnx": manifest("logits", (), 1)}
    artifacts = [Artifact(tmp_path / name, one, {}) for name, one in made.items()]
    one = prediction(ncnn=(made["ncnn"], ROW), onnx=(made["onnx"], [0.5]))
    (photo,) = document(artifacts, [one])["photos"]
    assert photo["labels"] == {
        "ncnn": [
            {"index": 0, "name": "hat", "probability": 0.9},
            {"index": 1, "name": "glasses", "probability": 0.35},
        ]
    }
    assert [len(ranked) for ranked in photo["classes"].values()] == [5, 1]


def test_the_sentence_speaks_of_labels(capsys: pytest.CaptureFixture[str]) -> None:
    other = [*ROW[:5], 0.65, ROW[6]]
    show_agreement([prediction(ncnn=(manifest(), ROW), onnx=(manifest(), ROW))])
    show_agreement([prediction(ncnn=(manifest(), ROW), onnx=(manifest(), other))])
    shown = capsys.readouterr().out
    assert shown.splitlines() == [
        "All targets give the same labels on 1 of 1 photos.",
        "Targets disagree on 1 of 1 photos: street.jpg",
    ]


def test_a_manifest_s_thresholds_are_those_of_its_first_output() -> None:
    made = manifest()
    second = TensorSpec("z", "z", (1, 2), "float32", "sigmoid", thresholds=(0.9,))
    assert given(prediction(ncnn=(replace(made, outputs=(*made.outputs, second)), ROW))) == {"ncnn": [0, 1]}
