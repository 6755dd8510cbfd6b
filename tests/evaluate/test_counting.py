"""From what models gave to figures, by hand."""

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.errors import UsageError
from edgekit.evaluate.calibration_error import expected_calibration_error, reliability
from edgekit.evaluate.counting import count
from edgekit.evaluate.dataset import Photo
from edgekit.evaluate.evaluate import written
from edgekit.evaluate.figures import Evaluation, Flip
from edgekit.evaluate.merge import merge
from edgekit.evaluate.rows import FORMAT, SCHEMA, Header, SubjectRecord, photo_rows, read_results, shown_probabilities
from edgekit.report.evaluation_files import check_folder, write_folder
from edgekit.report.evaluation_table import evaluation_table, label_table
from edgekit.report.evaluation_text import notes
from edgekit.shards import missing_shards
from tests.report.width import rendered
from tests.untrusted.parsers import RESULTS

NAMES = ["cat", "dog", "<b>cow"]


def header(kind: str = "logits", labelled: bool = True, **more) -> Header:
    return Header(
        **{
            "format": FORMAT,
            "schema": SCHEMA,
            "edgekit": "0.1.0",
            "model": "M",
            "weights": "0" * 64,
            "class_count": 3,
            "class_names": NAMES,
            "output_kind": kind,
            "data": "photos",
            "said": "labels are the folders' names",
            "labelled": labelled,
            "photos": 4,
            "subjects": [
                SubjectRecord(name="reference", title="Paddle FP32", precision="fp32", identity="1"),
                SubjectRecord(name="onnx", title="ONNX FP32", precision="fp32", identity="2", ran=4, seconds=2.0),
            ],
            **more,
        }
    )


def rows(truths: Sequence, reference, onnx, kind: str = "logits", first: int = 0):
    photos = [Photo(f"{first + index}.jpg", truth, bytes, int) for index, truth in enumerate(truths)]
    hashes = [bytes([first + index]) * 32 for index in range(len(truths))]
    outputs = {"reference": np.array(reference, np.float32), "onnx": np.array(onnx, np.float32)}
    return photo_rows(photos, hashes, outputs, kind, "reference")  # type: ignore[arg-type]


TRUTHS = [0, 1, 2, 2]
REFERENCE = [[4, 0, 0], [0, 4, 0], [0, 4, 0], [0, 0, 4]]
ONNX = [[4, 0, 0], [0, 1, 4], [0, 0, 4], [0, 0, 4.04]]


@pytest.fixture
def evaluation() -> Evaluation:
    return count(header(), rows(TRUTHS, REFERENCE, ONNX), 0.5)


def test_top1_agreement_and_drop(evaluation: Evaluation) -> None:
    reference, onnx = evaluation.models
    assert (reference.top1.count, reference.top5.count, reference.agreement, reference.drop) == (3, 4, None, None)  # type: ignore[union-attr]
    assert (onnx.top1.count, onnx.agreement.count) == (3, 2)  # type: ignore[union-attr]
    assert onnx.drop is not None
    assert (onnx.drop.points, onnx.drop.lost, onnx.drop.gained, onnx.drop.p) == (0, 1, 1, 1)
    assert onnx.drop.low < -30 and onnx.drop.high > 30 and onnx.drop.state == "open"
    assert evaluation.counted == 4


def test_flips_say_which_class_becomes_which(evaluation: Evaluation) -> None:
    assert evaluation.models[1].flips == [Flip(1, 2, 2, 1, 1)]


def test_errors_are_each_photos_own(evaluation: Evaluation) -> None:
    errors = evaluation.models[1].errors
    assert errors is not None
    # of 4: 0, 4, 4 and 0.04, each relative to its photo's largest logit
    assert errors.worst[0][1] == pytest.approx(1) and errors.largest == pytest.approx(1)
    assert errors.median == pytest.approx((0.01 + 1) / 2, rel=1e-3)


def test_one_photo_that_explodes_does_not_hide_the_others() -> None:
    reference, onnx = [[1, 0, 0]] * 3 + [[2000, 0, 0]], [[1.5, 0, 0]] * 3 + [[2000, 0, 0]]
    errors = count(header(), rows(TRUTHS, reference, onnx), 0.5).models[1].errors
    assert errors is not None and errors.median == pytest.approx(0.5)


def test_what_is_no_number_is_no_answer() -> None:
    onnx = [[np.nan, 0, 0], *ONNX[1:3], [np.inf, 0, 4]]
    found = count(header(), rows(TRUTHS, REFERENCE, onnx), 0.5).models[1]
    assert found.not_finite == 2 and found.top1 is not None and found.top1.count == 1
    assert [flip.after for flip in found.flips if flip.after < 0] == [-1, -1]


def test_without_labels_only_agreement_is_known() -> None:
    found = count(header(labelled=False), rows([None] * 4, REFERENCE, ONNX), 0.5).models[1]
    assert (found.top1, found.drop, found.ece, found.bins) == (None, None, None, [])
    assert found.agreement is not None and found.agreement.count == 2


def test_a_single_logit_stands_for_two_classes() -> None:
    assert np.allclose(shown_probabilities(np.array([[np.log(3)], [0.0]]), "logits"), [[0.25, 0.75], [0.5, 0.5]])


def test_calibration_error_by_hand() -> None:
    # bins of a fifteenth: (0.6, 0.667] holds 0.61 and 0.65, (0.933, 1] holds 1.0 twice
    bins = reliability(np.array([0.61, 0.65, 1.0, 1.0]), np.array([True, False, True, False]))
    assert [(place, one.photos) for place, one in enumerate(bins) if one.photos] == [(9, 2), (14, 2)]
    assert expected_calibration_error(bins) == pytest.approx(0.5 * abs(0.63 - 0.5) + 0.5 * abs(1 - 0.5))


def test_labels_each_photo_has_several_of() -> None:
    truths = [(1, 0, 0), (0, 1, 0), (1, 1, 0), (0, 0, 0)]
    reference = [[0.9, 0.1, 0.1], [0.2, 0.8, 0.1], [0.7, 0.9, 0.1], [0.1, 0.1, 0.1]]
    onnx = [[0.9, 0.1, 0.1], [0.8, 0.8, 0.1], [0.7, 0.9, 0.1], [0.1, 0.1, 0.1]]
    made = count(header("sigmoid", thresholds=[0.5]), rows(truths, reference, onnx, "sigmoid"), 0.5)
    before, after = made.models
    assert before.mean_average_precision == 1 and before.top1 is not None and before.top1.count == 4
    # label 0 in falling order: right (0.9), wrong (0.8), right (0.7)
    assert after.labels[0].average_precision == pytest.approx((1 + 2 / 3) / 2)
    assert (after.labels[0].precision, after.labels[0].recall) == (pytest.approx(2 / 3), 1)
    assert [label.flips for label in after.labels] == [1, 0, 0]
    assert after.labels[2].average_precision is None
    assert after.mean_average_precision == pytest.approx(((1 + 2 / 3) / 2 + 1) / 2)
    assert after.map_drop is not None and after.map_drop.points == pytest.approx(100 / 12)
    assert after.agreement is not None and after.agreement.count == 3
    assert "mean average precision" in "".join(notes(made))
    assert "cat" in rendered(label_table(made), 100)


def results(path: Path, about: Header, made) -> Path:
    with path.open("wb") as file:
        for _ in written(about, made, file):
            pass
    return path


def test_shards_together_are_the_whole(tmp_path: Path) -> None:
    whole = results(tmp_path / "whole", header(), rows(TRUTHS, REFERENCE, ONNX))
    one = results(tmp_path / "1", header(shards=[(1, 2)], photos=2), rows(TRUTHS[:2], REFERENCE[:2], ONNX[:2]))
    two = results(tmp_path / "2", header(shards=[(2, 2)], photos=2), rows(TRUTHS[2:], REFERENCE[2:], ONNX[2:], first=2))
    expected = merge([whole], 0.5, io.BytesIO())
    assert merge([one, two], 0.5, io.BytesIO()).models == expected.models
    merged = merge([two, one], 0.5, io.BytesIO())
    assert [(model.top1, model.drop) for model in merged.models] == [(one.top1, one.drop) for one in expected.models]
    assert merged.about.photos == 4 and merged.about.shards == [(1, 2), (2, 2)]
    assert merged.about.subjects[1].ran == 8
    assert missing_shards(merged.about.shards) == []
    assert missing_shards(merge([two], 0.5, io.BytesIO()).about.shards) == [(1, 2)]


def test_merging_what_does_not_belong_together_is_refused(tmp_path: Path) -> None:
    whole = results(tmp_path / "whole", header(), rows(TRUTHS, REFERENCE, ONNX))
    again = results(tmp_path / "again", header(), rows(TRUTHS[:1], REFERENCE[:1], ONNX[:1]))
    with pytest.raises(UsageError, match=r"both hold 0\.jpg"):
        merge([whole, again], 0.5, io.BytesIO())
    other = results(tmp_path / "other", header(weights="1" * 64), iter(()))
    with pytest.raises(UsageError, match="different evaluations: weights is not the same"):
        merge([whole, other], 0.5, io.BytesIO())
    subjects = [header().subjects[0], SubjectRecord(name="onnx", title="", precision="fp32", identity="3")]
    third = results(tmp_path / "third", header(subjects=subjects), iter(()))
    with pytest.raises(UsageError, match="are of different models"):
        merge([whole, third], 0.5, io.BytesIO())


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: [*lines[:-1], lines[-1][:-5]],
        lambda lines: lines[:-1],
        lambda lines: lines[:1],
        lambda lines: [b"{}\n", *lines[1:]],
        lambda lines: [],
        lambda lines: [*lines, b"\xff\xfe\n"],
        lambda lines: [*lines, b"[" * 5000 + b"\n"],
        lambda lines: [*lines, lines[1].replace(b'"truth":0', b'"truth":3')],
        lambda lines: [*lines, lines[1].replace(b'"truth":0', b'"truth":null')],
        lambda lines: [*lines, lines[1].replace(b'"top":[0,', b'"top":[-1,')],
        lambda lines: [*lines, lines[1].replace(b'"onnx"', b'"ncnn"')],
        lambda lines: [*lines, lines[1].replace(b'"probabilities":[', b'"probabilities":[NaN,')],
        lambda lines: [lines[0].replace(b'"schema":1', b'"schema":99'), *lines[1:]],
    ],
)
def test_results_that_are_none_are_one_sentence(change, tmp_path: Path) -> None:
    path = results(tmp_path / "r.jsonl", header(), rows(TRUTHS, REFERENCE, ONNX))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(change(lines)))
    with pytest.raises(UsageError, match=r"r\.jsonl"):
        merge([path], 0.5, io.BytesIO())


def test_names_of_any_kind_survive(tmp_path: Path) -> None:
    photos = [Photo('a\udcffb\n"$.jpg', 0, bytes, int)]
    outputs = {"reference": np.array([[1, 0, 0]], np.float32), "onnx": np.array([[1, 0, 0]], np.float32)}
    made = photo_rows(photos, [bytes(32)], outputs, "logits", "reference")
    path = results(tmp_path / "r", header(photos=1), made)
    _, read = read_results(path)
    assert [row.photo for row in read] == ['a\ufffdb\n"$.jpg']


def test_the_page_escapes_names_and_has_its_plots(evaluation: Evaluation, tmp_path: Path) -> None:
    file = results(tmp_path / "r", header(), rows(TRUTHS, REFERENCE, ONNX))
    folder = tmp_path / "report"
    write_folder(folder, evaluation, file)
    write_folder(folder, evaluation, file)  # its own files are replaced
    page = (folder / "evaluation.html").read_text()
    assert page.count("<svg") == 3 and "<b>cow" not in page and "&lt;b&gt;cow" in page
    assert json.loads((folder / "evaluation.json").read_text())["models"][1]["drop"]["lost"] == 1
    assert sorted(path.name for path in folder.iterdir()) == ["evaluation.html", "evaluation.json", "photos.jsonl"]
    (folder / "evaluation.json").write_text("mine")
    with pytest.raises(UsageError, match="and is no document of edgekit"):
        check_folder(folder)


def test_the_table_fits_a_terminal(evaluation: Evaluation) -> None:
    shown = rendered(evaluation_table(evaluation), 80)
    assert max(len(line.rstrip()) for line in shown.splitlines()) <= 80
    assert "75.0 %" in shown and "2.0" in shown
    (sentence, errors, changed) = notes(evaluation)
    assert sentence.startswith("onnx: the drop of +0.00 points (") and "1 photos lost, 1 gained, p = 1" in sentence
    assert "more photos would decide" in sentence and "largest" in errors and "dog → <b>cow 2" in changed


@pytest.mark.parametrize(
    "changes",
    [
        {"output_kind": "sigmoid", "class_count": 10_000_000},
        {"class_count": 0},
        {"subjects": [{"name": str(one), "title": "", "precision": "", "identity": ""} for one in range(101)]},
    ],
)
def test_what_a_header_may_ask_for_is_bounded(tmp_path: Path, changes: dict[str, Any]) -> None:
    head = json.loads(RESULTS.splitlines()[0]) | changes
    (tmp_path / "photos.jsonl").write_text(json.dumps(head) + "\n")
    with pytest.raises(UsageError, match="its header is impossible"):
        read_results(tmp_path / "photos.jsonl")
