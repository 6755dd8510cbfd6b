"""Verdicts that no layer is to blame for, in the words of the judge itself."""

import numpy as np

from edgekit.diagnose.causes import tells_nothing, undecided_words
from edgekit.parity import Tolerance
from edgekit.parity.judge import judge, judge_outputs

LABELS = [f"s{at}" for at in range(4)]
OUTPUTS = np.random.default_rng(0).standard_normal((4, 6))


def judged(artifact, reference, oracle):
    return judge(artifact, reference, oracle, Tolerance(), "fp32", LABELS)


def test_samples_that_tell_nothing():
    alike = np.broadcast_to(OUTPUTS[:1], (4, 6))
    verdict = judged(alike, alike, alike)
    assert verdict.status == "failed"
    assert tells_nothing(verdict)
    assert undecided_words(verdict.reason).startswith("No layer is to blame: on these samples no step can be told")


def test_a_reference_that_cannot_be_used():
    broken = OUTPUTS.copy()
    broken[0, 0] = np.nan
    verdict = judged(OUTPUTS, broken, OUTPUTS)
    assert tells_nothing(verdict)
    assert "What Paddle itself computes must be mended first" in undecided_words(verdict.reason)
    assert tells_nothing(judge_outputs({}, {}, {}, Tolerance(), "fp32", LABELS))


def test_what_is_wrong_is_not_undecided():
    assert not tells_nothing(judged(OUTPUTS + 1, OUTPUTS, OUTPUTS))
    assert not tells_nothing(judged(OUTPUTS, OUTPUTS, OUTPUTS))


def test_one_wrong_output_beside_an_undecided_one_is_wrong():
    alike = np.broadcast_to(OUTPUTS[:1], (4, 6))
    truth = {"a": alike, "b": OUTPUTS}
    verdict = judge_outputs({"a": alike, "b": OUTPUTS + 1}, truth, truth, Tolerance(), "fp32", LABELS)
    assert "is inconclusive" in verdict.reason
    assert not tells_nothing(verdict)
