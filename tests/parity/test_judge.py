"""The verdict: what passes, what fails, and that the reason says why in figures."""

import itertools
import json
import subprocess
import sys
from typing import Any

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from edgekit.parity import Tolerance, Verdict
from edgekit.parity.judge import judge, judge_outputs
from edgekit.parity.verdict import Precision

FP32 = Tolerance()
LOW = Tolerance(max_relative=0.1, min_top1_agreement=0.75, reason="8-bit weights")
LABELS = (*(f"photo {index}" for index in range(6)), "synthetic noise 0", "synthetic noise 1")
KINDS = ("photo",) * 6 + ("synthetic",) * 2
NOISE = 1e-6

Case = tuple[np.ndarray, np.ndarray, np.ndarray]


def engines(seed: int = 0, classes: int = 40, noise: float = NOISE) -> Case:
    """Artifact, reference and oracle: two engines that round independently, relative to the largest logit."""
    rng = np.random.default_rng(seed)
    oracle = rng.standard_normal((len(LABELS), classes)) * 3
    scale = np.abs(oracle).max(axis=1, keepdims=True)
    artifact = oracle + scale * noise / 4 * rng.standard_normal(oracle.shape)
    reference = oracle + scale * noise / 4 * rng.standard_normal(oracle.shape)
    return artifact.astype(np.float32), reference.astype(np.float32), oracle


def verdict(case: Case, tolerance: Tolerance = FP32, precision: Precision = "fp32", **options: Any) -> Verdict:
    return judge(*case, tolerance, precision, LABELS, kinds=KINDS, name="logits", **options)


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("noise", [1e-6, 2e-5, 3e-4])
def test_engines_that_round_alike_pass(seed: int, noise: float) -> None:
    result = verdict(engines(seed, noise=noise))
    assert result.status == "passed", result.reason
    assert result.reason == ""
    figures = result.outputs["logits"]
    assert 0.5 < figures.against_oracle.rms_relative / figures.noise.rms_relative < 2
    assert figures.max_threshold == max(8 * figures.noise.max_relative, 2e-6)


@pytest.mark.parametrize("seed", range(25))
def test_a_systematic_error_of_1e_4_fails_beside_a_noise_of_1e_6(seed: int) -> None:
    artifact, reference, oracle = engines(seed)
    direction = np.random.default_rng(seed + 1000).standard_normal(oracle.shape)
    result = verdict((artifact + (direction * 1e-4).astype(np.float32), reference, oracle))
    assert result.status == "failed"
    assert "8 times the reference's own error" in result.reason


def test_the_same_error_passes_where_the_reference_is_no_better() -> None:
    artifact, reference, oracle = engines(noise=1e-6)
    shifted = (artifact * np.float32(1 + 5e-5)).astype(np.float32)
    assert verdict((shifted, reference, oracle)).status == "failed"
    _, noisy, _ = engines(noise=1e-4)
    assert verdict((shifted, noisy, oracle)).status == "passed"


def test_one_wrong_logit_is_found_by_the_maximum() -> None:
    artifact, reference, oracle = engines(classes=1000)
    scale = np.abs(oracle).max(axis=1)
    # The least likely class, so that no decision changes.
    artifact[3, oracle[3].argmin()] -= 2e-5 * scale[3]
    result = verdict((artifact, reference, oracle))
    assert result.status == "failed"
    assert "sample photo 3" in result.reason
    assert result.outputs["logits"].worst_sample == "photo 3"
    assert result.outputs["logits"].against_oracle.max_relative == pytest.approx(2e-5, rel=0.1)
    rms = result.outputs["logits"]
    assert rms.rms_threshold is not None
    assert rms.against_oracle.rms_relative < rms.rms_threshold


def test_many_small_errors_are_found_by_the_root_mean_square() -> None:
    _, reference, oracle = engines(classes=1000)
    scale = np.abs(oracle).max(axis=1, keepdims=True)
    signs = np.random.default_rng(3).choice([-1.0, 1.0], oracle.shape)
    result = verdict(((oracle + 4e-6 * scale * signs).astype(np.float32), reference, oracle))
    figures = result.outputs["logits"]
    assert figures.against_oracle.max_relative < figures.max_threshold
    assert result.status == "failed"
    assert "root mean square" in result.reason


def test_a_reference_without_error_does_not_condemn() -> None:
    artifact, _, oracle = engines()
    result = verdict((artifact, oracle, oracle))
    assert result.status == "passed"
    assert result.outputs["logits"].max_threshold == FP32.floor
    assert result.outputs["logits"].noise.max_relative == 0
    worse, _, _ = engines(noise=2e-5)
    assert verdict((worse, oracle, oracle)).status == "failed"


def network(inputs: np.ndarray, weights: list[np.ndarray], dtype: type, parts: int) -> np.ndarray:
    """A ReLU network whose sums are split into `parts`, as engines that block differently do."""
    values = inputs.astype(dtype)
    for layer, weight in enumerate(weights):
        pieces = np.array_split(np.arange(values.shape[1]), parts)
        total = np.zeros((len(values), weight.shape[1]), dtype)
        for piece in pieces:
            total += values[:, piece] @ weight[piece].astype(dtype)
        values = total if layer == len(weights) - 1 else np.maximum(total, 0)
    return values


@pytest.mark.parametrize("seed", range(10))
def test_real_rounding_passes_and_one_channel_of_one_percent_fails(seed: int) -> None:
    rng = np.random.default_rng(seed)
    widths = [64, 128, 128, 128, 100]
    weights = [
        (rng.standard_normal(shape) * np.sqrt(2 / shape[0])).astype(np.float32) for shape in itertools.pairwise(widths)
    ]
    inputs = rng.standard_normal((8, 64)).astype(np.float32)
    oracle = network(inputs, weights, np.float64, 1)
    reference = network(inputs, weights, np.float32, 1)
    for parts in (2, 5, 16):
        result = verdict((network(inputs, weights, np.float32, parts), reference, oracle))
        assert result.status == "passed", result.reason
    for layer in range(len(weights)):
        damaged = weights
        for channel in rng.permutation(widths[layer + 1]):
            damaged = [weight.copy() for weight in weights]
            damaged[layer][:, channel] *= np.float32(1.01)
            # A channel that the ReLU silences in every sample changes nothing: take the next.
            if np.any(network(inputs, damaged, np.float64, 1) != oracle):
                break
        assert verdict((network(inputs, damaged, np.float32, 5), reference, oracle)).status == "failed"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
def test_values_that_are_not_finite_never_pass(value: float, precision: Precision) -> None:
    artifact, reference, oracle = engines()
    artifact[6, 2] = value
    result = verdict((artifact, reference, oracle), LOW, precision)
    assert result.status == "failed"
    assert "1 NaN or infinite values of 320, first in sample synthetic noise 0" in result.reason
    assert result.outputs == {}


@pytest.mark.parametrize("place", [1, 2])
def test_a_reference_with_nan_is_unusable_even_for_an_artifact_with_the_same(place: int) -> None:
    case = engines()
    for broken in (case[place], case[0]):
        broken[0, 0] = np.nan
    result = verdict(case)
    assert result.status == "failed"
    assert f"unusable reference: its {('reference', 'oracle')[place - 1]} has 1 NaN" in result.reason


def test_a_wrong_reference_lets_nothing_pass() -> None:
    artifact, reference, oracle = engines()
    wrong = reference[:, ::-1].copy()
    for candidate in (artifact, wrong):
        result = verdict((candidate, wrong, oracle))
        assert result.status == "failed"
        assert "unusable reference: it is" in result.reason
        assert "--golden" not in result.reason


def test_a_reference_that_errs_on_one_sample_names_it_and_what_to_do() -> None:
    artifact, reference, oracle = engines()
    wrong = reference.copy()
    wrong[2] = reference[2, ::-1]
    result = verdict((artifact, wrong, oracle))
    assert result.status == "failed"
    assert "away from its own oracle at sample" in result.reason
    assert f"{len(oracle) - 1} of {len(oracle)} samples are within it, and --golden DIR takes others" in result.reason


def test_shapes_must_be_the_same() -> None:
    artifact, reference, oracle = engines()
    for wrong in (artifact[:, :-1], artifact[:-1], artifact.T, artifact[:, :, None], artifact[:1]):
        result = verdict((wrong, reference, oracle))
        assert result.status == "failed"
        assert f"output logits has shape {list(wrong.shape)} and the reference [8, 40]" in result.reason
    result = verdict((artifact, reference[:4], oracle))
    assert "unusable reference: its shape is [4, 40], its oracle's [8, 40]" in result.reason


def test_labels_must_be_as_many_as_samples() -> None:
    result = judge(*engines(), FP32, "fp32", LABELS[:3])
    assert result.status == "failed"
    assert "8 samples in it and 3 among the inputs" in result.reason


def test_outputs_are_matched_by_name_never_by_position() -> None:
    first, second = engines(1), engines(2)
    reference = {"a": first[1], "b": second[1]}
    oracle = {"a": first[2], "b": second[2]}
    turned = judge_outputs({"b": second[0], "a": first[0]}, reference, oracle, FP32, "fp32", LABELS)
    assert turned.status == "passed", turned.reason
    assert list(turned.outputs) == ["a", "b"]
    # The same arrays in the same places under each other's names are wrong.
    swapped = judge_outputs({"a": second[0], "b": first[0]}, reference, oracle, FP32, "fp32", LABELS)
    assert swapped.status == "failed"
    assert "output a is off by" in swapped.reason
    assert "output b is off by" in swapped.reason


def test_absent_and_unknown_outputs_are_named() -> None:
    artifact, reference, oracle = engines()
    result = judge_outputs({"out0": artifact}, {"logits": reference}, {"logits": oracle}, FP32, "fp32", LABELS)
    assert result.status == "failed"
    assert "output logits is missing from the artifact" in result.reason
    assert "does not know: out0" in result.reason
    nothing = judge_outputs({}, {}, {}, FP32, "fp32", LABELS)
    assert nothing.status == "failed"
    halves = judge_outputs({"a": artifact}, {"a": reference}, {"b": oracle}, FP32, "fp32", LABELS)
    assert "it has outputs ['a'], its oracle ['b']" in halves.reason
    assert halves.status == "failed"


def two_classes(gap: float) -> Case:
    """Sample 0 has its two best classes `gap` apart, the rest is clear. Scale 10, relative noise 1e-6."""
    oracle = np.zeros((8, 4))
    oracle[np.arange(8), np.arange(8) % 4] = 10.0
    oracle[0, 1] = 10.0 - gap
    reference = oracle.copy()
    reference[:, 3] += 1e-5
    return oracle.copy(), reference, oracle


def test_a_flip_within_twice_the_noise_is_excused() -> None:
    artifact, reference, oracle = two_classes(gap=3e-5)
    artifact[0, 1] += 4e-5
    result = verdict((artifact, reference, oracle))
    assert result.status == "passed", result.reason
    figures = result.outputs["logits"]
    (flip,) = figures.flips
    assert (flip.sample, flip.reference_class, flip.artifact_class) == ("photo 0", 0, 1)
    assert flip.margin == pytest.approx(3e-5)
    assert flip.gap == pytest.approx(3e-5)
    # Noise 1e-6 of a scale of 10 would be 1e-5; the floor of 2e-6 makes it 2e-5.
    assert flip.noise == pytest.approx(2e-5)
    assert flip.excused
    assert figures.disagreements == []
    assert figures.top1_agreement == 7 / 8
    assert figures.top1_agreement_photos == 5 / 6


def test_a_flip_outside_of_the_noise_fails_though_the_error_is_within() -> None:
    artifact, reference, oracle = two_classes(gap=5e-5)
    artifact[0, 1] += 6e-5
    result = verdict((artifact, reference, oracle))
    figures = result.outputs["logits"]
    assert figures.against_oracle.max_relative < figures.max_threshold
    assert result.status == "failed"
    assert "photo 0: 1 instead of 0, which the oracle parts by 5e-05" in result.reason
    assert len(figures.disagreements) == 1


def test_a_tie_excuses_only_the_tied_classes() -> None:
    artifact, reference, oracle = two_classes(gap=0.0)
    artifact[0, 1] += 1e-6
    assert verdict((artifact, reference, oracle)).status == "passed"
    # With the tie at the top, a third class is still a real disagreement (here in INT8's wide limits).
    artifact[0, 2] = 10.5
    flip = verdict((artifact, reference, oracle), LOW, "int8").outputs["logits"].flips[0]
    assert flip.margin == 0.0
    assert flip.gap == 10.0
    assert not flip.excused


def test_constant_outputs_are_inconclusive() -> None:
    oracle = np.full((8, 40), 0.7)
    result = verdict((oracle.astype(np.float32), oracle.astype(np.float32), oracle))
    assert result.status == "failed"
    assert "inconclusive" in result.reason
    assert "same value for every class" in result.reason
    zeros = np.zeros((8, 40))
    assert "inconclusive" in verdict((zeros, zeros, zeros)).reason


def test_outputs_that_ignore_the_input_are_inconclusive() -> None:
    artifact, reference, oracle = (np.repeat(values[:1], 8, axis=0) for values in engines())
    result = verdict((artifact, reference, oracle))
    assert result.status == "failed"
    assert "ignores its input" in result.reason
    # With one sample nothing can be said of that.
    single = judge(artifact[:1], reference[:1], oracle[:1], FP32, "fp32", LABELS[:1])
    assert single.status == "passed"


def test_small_logits_are_no_constant_outputs() -> None:
    artifact, reference, oracle = engines()
    case = (artifact * np.float32(1e-7), reference * np.float32(1e-7), oracle * float(np.float32(1e-7)))
    assert verdict(case).status == "passed"


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def test_probabilities_are_compared_by_their_logarithms() -> None:
    artifact, reference, oracle = engines()
    good = (softmax(artifact), softmax(reference), softmax(oracle))
    assert verdict(good, output_kind="probabilities").status == "passed"
    # A sharp softmax: all but one class below 1e-4, where a doubled probability is no visible difference...
    sharp = softmax(oracle * 4)
    damaged = sharp.copy()
    least = sharp.argmin(axis=1)
    damaged[np.arange(8), least] *= 2
    assert np.abs(damaged - sharp).max() < 1e-6
    # ... but a logit is off by log 2.
    result = verdict((damaged, sharp.astype(np.float32), sharp), output_kind="probabilities")
    assert result.status == "failed"
    assert result.outputs["logits"].against_oracle.max_abs == pytest.approx(np.log(2), rel=1e-3)


def test_a_softmax_of_vanishing_logits_cannot_be_judged() -> None:
    """Unnormalised weights: every probability is 0.001, and a wrong model agrees with a right one."""
    rng = np.random.default_rng(0)
    oracle, wrong = (softmax(rng.standard_normal((8, 1000)) * 1e-7) for _ in range(2))
    result = verdict((wrong.astype("f4"), oracle.astype("f4"), oracle), output_kind="probabilities")
    assert result.status == "failed"
    assert "inconclusive" in result.reason


def test_probabilities_of_zero() -> None:
    oracle = softmax(np.random.default_rng(0).standard_normal((8, 40)) * 30)
    oracle[:, 5] = 1e-42
    single = oracle.astype(np.float32)
    flushed = single.copy()
    flushed[flushed < 1e-38] = 0
    # FP32 has no digits for 1e-42: an engine that flushes it to zero is right.
    assert verdict((flushed, single, oracle), output_kind="probabilities").status == "passed"
    wrong = single.copy()
    place = np.abs(np.log(oracle[0]) + 10).argmin()  # a probability near exp(-10)
    wrong[0, place] = 0
    assert verdict((wrong, single, oracle), output_kind="probabilities").status == "failed"


def test_logits_declared_as_probabilities_are_refused() -> None:
    result = verdict(engines(), output_kind="probabilities")
    assert result.status == "failed"
    assert "unusable reference: its reference is not made of probabilities" in result.reason
    artifact, reference, oracle = engines()
    result = verdict((artifact, softmax(reference), softmax(oracle)), output_kind="probabilities")
    assert "output logits is not made of probabilities" in result.reason


def test_lower_precisions_are_held_to_the_recipe() -> None:
    _, reference, oracle = engines()
    scale = np.abs(oracle).max(axis=1, keepdims=True)
    coarse = oracle + 0.02 * scale * np.random.default_rng(5).uniform(-1, 1, oracle.shape)
    assert verdict((coarse, reference, oracle), LOW, "int8").status == "passed"
    assert verdict((coarse, reference, oracle), LOW, "fp32").status == "failed"
    far = oracle + 0.2 * scale * np.random.default_rng(5).uniform(-1, 1, oracle.shape)
    result = verdict((far, reference, oracle), LOW, "int8")
    assert result.status == "failed"
    assert "what the recipe allows INT8" in result.reason
    result = verdict((coarse, reference, oracle), FP32, "int8")
    assert result.status == "not run"
    assert "no max_relative and min_top1_agreement for INT8" in result.reason


def test_the_median_photos_signal_to_noise_ratio_has_a_limit_of_its_own() -> None:
    _, reference, oracle = engines()
    step = 0.01 * np.abs(oracle).max(axis=1, keepdims=True)
    coarse = oracle + step * np.random.default_rng(5).choice([-1, 1], oracle.shape)
    wide = replace(LOW, min_snr_db=25.0)
    passed = verdict((coarse, reference, oracle), wide, "int8")
    assert passed.status == "passed", passed.reason
    figures = passed.outputs["logits"]
    assert figures.median_snr_db is not None
    assert 25 < figures.median_snr_db < 40
    failed = verdict((coarse, reference, oracle), replace(LOW, min_snr_db=40.0), "int8")
    assert "dB in the median sample, less than 40 (what the recipe allows INT8)" in failed.reason
    assert failed.outputs["logits"] == figures


def test_a_lower_precision_is_told_all_that_it_misses() -> None:
    """Whoever mends one must not find the next only then."""
    _, reference, oracle = engines()
    result = verdict((oracle[:, ::-1].copy(), reference, oracle), replace(LOW, min_snr_db=25.0), "int8")
    for what in ("of its range at sample", "dB in the median sample", "decides for the reference's class"):
        assert what in result.reason
    # One sentence for one output, which readers of several count by.
    assert "; " not in result.reason
    assert "dB" not in verdict((oracle[:, ::-1].copy(), reference, oracle)).reason


def test_one_exploded_sample_decides_nothing_for_the_others() -> None:
    """Its errors are thousands of times larger than theirs, and of the same share of its own values."""
    _, reference, oracle = engines()
    factor = np.ones((len(LABELS), 1))
    factor[0] = 1e4
    coarse = oracle * (1 + 0.01 * np.random.default_rng(5).choice([-1, 1], oracle.shape))
    strict = replace(LOW, min_snr_db=39.0)
    plain = verdict((coarse, reference, oracle), strict, "int8").outputs["logits"]
    large = verdict((coarse * factor, reference * factor, oracle * factor), strict, "int8").outputs["logits"]
    assert large.median_snr_db == pytest.approx(plain.median_snr_db)
    assert large.lowest_snr_db == pytest.approx(plain.lowest_snr_db)
    broken = oracle.copy()
    broken[1:6] = oracle[1:6, ::-1]
    result = verdict((broken * factor, reference * factor, oracle * factor), replace(strict, max_relative=0.99), "int8")
    assert result.status == "failed"


def test_lower_precisions_count_agreement_on_photos() -> None:
    wide = Tolerance(max_relative=0.6, min_top1_agreement=0.8, reason="a test")
    oracle = np.eye(8) * 10 + np.eye(8)[::-1] * 6
    for flipped, expected in ((["photo 0"], "passed"), (["photo 0", "photo 1"], "failed")):
        artifact = oracle.copy()
        for label in flipped:
            row = LABELS.index(label)
            artifact[row, 7 - row] = 12.0
        result = verdict((artifact, oracle.astype("f4"), oracle), wide, "int8")
        assert result.status == expected
        assert result.outputs["logits"].top1_agreement_photos == pytest.approx(1 - len(flipped) / 6)
    assert "66.7% of the photos, less than 80.0%" in result.reason
    artifact = oracle.copy()
    artifact[6, 1] = artifact[7, 0] = 12.0  # synthetic samples only
    assert verdict((artifact, oracle.astype("f4"), oracle), wide, "int8").status == "passed"


def test_int8_may_be_off_by_more_on_noise_which_is_told() -> None:
    """Its ranges are those of photos, and what goes beyond is cut off."""
    artifact, reference, oracle = engines()
    cut = artifact.copy()
    cut[7] = np.clip(cut[7], -2, 2)
    result = verdict((cut, reference, oracle), LOW, "int8")
    assert result.passed, result.reason
    figures = result.outputs["logits"]
    assert figures.against_oracle.max_relative < 1e-5
    assert figures.worst_sample.startswith("photo")
    assert figures.uncounted_max_relative is not None
    assert figures.uncounted_max_relative > figures.max_threshold
    (told,) = result.warnings
    assert f"off by {figures.uncounted_max_relative:.2g} of its range on noise" in told
    # Every other precision is held to all samples, and so is INT8 where nothing tells which are photos.
    assert "at sample synthetic noise 1" in verdict((cut, reference, oracle), LOW, "fp16").reason
    assert "at sample synthetic noise 1" in judge(cut, reference, oracle, LOW, "int8", LABELS).reason
    # A photo so cut off fails as ever.
    cut[0] = np.clip(cut[0], -2, 2)
    assert "at sample photo 0" in verdict((cut, reference, oracle), LOW, "int8").reason


def test_noise_within_int8_s_limit_needs_no_word() -> None:
    result = verdict(engines(), LOW, "int8")
    assert result.passed
    assert result.warnings == ()


def test_int8_s_noise_must_still_be_numbers_under_its_name_and_shape() -> None:
    artifact, reference, oracle = engines()
    artifact[7, 3] = np.nan
    assert "synthetic noise 1" in verdict((artifact, reference, oracle), LOW, "int8").reason


def test_photos_that_cannot_tell_are_inconclusive_in_int8_however_the_noise_differs() -> None:
    wide = Tolerance(max_relative=0.5, min_top1_agreement=0.5, reason="a test")
    _, _, oracle = engines()
    # Photos that differ from one another by 1 % alone.
    oracle[:6] = oracle[0] * (1 + 0.01 * np.random.default_rng(4).standard_normal((6, 40)))
    same = (oracle.astype("f4"), oracle.astype("f4"), oracle)
    assert "a model that ignores its input would pass" in verdict(same, wide, "int8").reason
    assert verdict(same, wide, "fp16").passed
    # Where the ratio of signal to noise tells that model apart, they can tell.
    assert verdict(same, replace(wide, min_snr_db=60.0), "int8").passed


def test_a_limit_so_wide_that_anything_passes_is_inconclusive() -> None:
    anything = Tolerance(max_relative=0.99, min_top1_agreement=0.01, reason="a test")
    artifact, reference, oracle = engines()
    result = verdict((artifact, reference, oracle + 20), anything, "int8")
    assert result.status == "failed"
    offset = (artifact + np.float32(20), reference + np.float32(20), oracle + 20)
    assert "inconclusive" in verdict(offset, anything, "int8").reason


@pytest.mark.parametrize("seed", range(10))
def test_a_verdict_does_not_depend_on_the_order_of_samples_or_classes(seed: int) -> None:
    case = engines(seed, noise=2e-6)
    if seed % 2:
        case[0][:, 0] += np.float32(1e-3)
    rng = np.random.default_rng(seed)
    columns = rng.permutation(40)
    mixed = (case[0][:, columns], case[1][:, columns], case[2][:, columns])
    first, second = verdict(case), verdict(mixed)
    assert first.status == second.status == ("failed" if seed % 2 else "passed")
    one, other = first.outputs["logits"], second.outputs["logits"]
    assert one.against_oracle.max_relative == other.against_oracle.max_relative
    assert one.against_oracle.rms_relative == pytest.approx(other.against_oracle.rms_relative)


@pytest.mark.parametrize("seed", range(10))
def test_more_error_never_passes_where_less_failed(seed: int) -> None:
    _, reference, oracle = engines(seed)
    direction = np.random.default_rng(seed).standard_normal(oracle.shape)
    statuses = [
        verdict(((oracle + size * direction).astype("f4"), reference, oracle)).status
        for size in 10.0 ** np.arange(-8, 0)
    ]
    assert statuses[0] == "passed"
    assert statuses[-1] == "failed"
    assert statuses == sorted(statuses, reverse=True)


def test_json_round_trip() -> None:
    artifact, reference, oracle = engines()
    for case in (
        (artifact, reference, oracle),
        (oracle, oracle, oracle),
        (artifact[:, :3], reference, oracle),
    ):
        result = verdict(case, judged_against="Paddle Inference 2.6.2, FP32, x86-64")
        text = msgspec.json.encode(result)
        assert "Infinity" not in text.decode()
        assert json.loads(text)["judged_against"] == "Paddle Inference 2.6.2, FP32, x86-64"
        assert msgspec.json.decode(text, type=Verdict) == result


def test_not_run() -> None:
    result = Verdict.not_run("no device is connected", "Paddle Inference 2.6.2")
    assert (result.status, result.passed, result.reason) == ("not run", False, "no device is connected")
    crash = Verdict.failed("the runner crashed", "Paddle Inference 2.6.2")
    assert (crash.status, crash.passed, crash.judged_against) == ("failed", False, "Paddle Inference 2.6.2")


def test_reading_verdicts_needs_no_numpy() -> None:
    """Manifests are read at every command's start."""
    program = "import sys, edgekit.parity, edgekit.inputs; print([m for m in ('numpy', 'PIL') if m in sys.modules])"
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert output.strip() == "[]"


def test_an_artifact_that_was_run_on_some_samples_keeps_the_limits_of_all() -> None:
    artifact, reference, oracle = engines()
    noisy = reference.copy()
    noisy[3] += (np.abs(oracle[3]).max() * 2e-5 * np.random.default_rng(1).standard_normal(40)).astype(np.float32)
    whole = verdict((artifact, noisy, oracle))
    chosen = [0, 6]
    options: Any = {"kinds": KINDS, "chosen": chosen}
    some = judge_outputs({"y": artifact[chosen]}, {"y": noisy}, {"y": oracle}, FP32, "fp32", LABELS, **options)
    assert some.passed, some.reason
    found, all_of_them = some.outputs["y"], whole.outputs["logits"]
    assert found.samples == 2
    assert found.max_threshold == all_of_them.max_threshold > 8 * found.noise.max_relative
    assert found.rms_threshold == all_of_them.rms_threshold
    assert found.worst_sample in ("photo 0", "synthetic noise 0")
    # What is wrong on those samples fails, and what was not run cannot be passed as if it were.
    broken = artifact[chosen] + np.float32(0.1)
    assert judge_outputs({"y": broken}, {"y": noisy}, {"y": oracle}, FP32, "fp32", LABELS, **options).status == "failed"
    told = judge_outputs({"y": artifact}, {"y": noisy}, {"y": oracle}, FP32, "fp32", LABELS, **options)
    assert "has shape [8, 40] and the reference [2, 40]" in told.reason
