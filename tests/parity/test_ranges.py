"""What FP16 can hold decides on an FP16 artifact, whatever its outputs are."""

import json

import pytest

from edgekit.parity import Verdict
from edgekit.parity.ranges import Ranges, TensorRange, beyond, near, read_ranges, with_ranges

PASSED = Verdict("passed", "the reference", "fp16")


def tensor(name: str, minimum: float | None, maximum: float | None, *, folded: bool = False) -> TensorRange:
    return TensorRange(name, "relu", folded, minimum, maximum)


def ranges(*tensors: TensorRange) -> Ranges:
    return Ranges(10, tensors)


@pytest.mark.parametrize(
    ("minimum", "maximum", "judged"),
    [
        (-3.0, 16376.0, "quiet"),  # 65504 / 4, exactly
        (-3.0, 16377.0, "near"),
        (-16377.0, 2.0, "near"),
        (0.0, 65504.0, "near"),
        (0.0, 65505.0, "beyond"),
        (-65505.0, 1.0, "beyond"),
        (None, None, "beyond"),
    ],
)
def test_the_ends_are_those_of_the_format(minimum, maximum, judged):
    found = ranges(tensor("a", minimum, maximum))
    assert (len(near(found)), len(beyond(found))) == {"quiet": (0, 0), "near": (1, 0), "beyond": (0, 1)}[judged]
    verdict = with_ranges(PASSED, found)
    assert verdict.status == ("failed" if judged == "beyond" else "passed")
    assert bool(verdict.warnings) == (judged == "near")


def test_what_no_engine_holds_does_not_count():
    verdict = with_ranges(PASSED, ranges(tensor("a", 0.0, 1e9, folded=True), tensor("b", 0.0, 3e4, folded=True)))
    assert verdict == PASSED


def test_the_first_layer_beyond_is_named_and_others_are_counted():
    found = ranges(tensor("a", 0.0, 1.0), tensor("b", 0.0, 2.5e6), tensor("c", -7e7, 0.0))
    assert with_ranges(PASSED, found).reason == (
        "layer b (relu) reaches 2.5e+06 on the golden inputs (and 1 more of its layers), beyond 65504, where FP16 "
        "ends: a processor that computes in FP16 gets infinity there"
    )


def test_the_nearest_layer_is_named_in_a_warning():
    found = ranges(tensor("a", 0.0, 2e4), tensor("b", -5e4, 0.0))
    (warning,) = with_ranges(PASSED, found).warnings
    assert warning == (
        "layer b (relu) reaches 5e+04 (and 1 more of its layers), within a factor 4 of 65504, where FP16 ends"
    )


def test_a_verdict_that_had_failed_keeps_its_reason():
    failed = Verdict.failed("output x is off", "the reference", "fp16")
    assert with_ranges(failed, ranges(tensor("a", 0.0, 1e5))).reason.startswith("output x is off; layer a (relu)")
    assert with_ranges(failed, ranges(tensor("a", 0.0, 1.0))) == failed


def test_what_was_not_run_fails_too():
    untried = Verdict.not_run("no GPU", "the ONNX file", "fp16")
    assert with_ranges(untried, ranges(tensor("a", 0.0, 1e5))).status == "failed"
    assert with_ranges(untried, ranges(tensor("a", 0.0, 1.0))) == untried


def test_the_workers_document(tmp_path):
    stored = {"name": "a", "type": "relu", "folded": False, "minimum": None, "maximum": 2.0}
    (tmp_path / "ranges.json").write_text(json.dumps({"samples": 3, "tensors": [stored]}))
    found = read_ranges(tmp_path / "ranges.json")
    assert found == Ranges(3, (TensorRange("a", "relu", False, None, 2.0),))
    assert found.tensors[0].magnitude == float("inf")
