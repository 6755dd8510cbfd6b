"""Sigmoids, features, sure and margin softmaxes: honest engines pass, damaged ones fail."""

import math

import numpy as np
import pytest

from edgekit.parity import Tolerance, Verdict
from edgekit.parity.judge import judge
from edgekit.parity.verdict import OutputFigures, OutputKind, Precision

FP32 = Tolerance()
FP16 = Tolerance(max_relative=0.05, min_top1_agreement=0.87, reason="FP16")
LABELS = (*(f"photo {index}" for index in range(8)), "synthetic noise 0", "synthetic noise 1")
KINDS = ("photo",) * 8 + ("synthetic",) * 2
ONNX_RUNTIME = 2.4e-7

Three = tuple[np.ndarray, np.ndarray, np.ndarray]


def verdict(
    three: Three,
    kind: OutputKind,
    *,
    tolerance: Tolerance = FP32,
    precision: Precision = "fp32",
    thresholds: tuple[float, ...] = (),
    sigmoid_error: float = 0.0,
) -> Verdict:
    return judge(
        *three, tolerance, precision, LABELS, kind, kinds=KINDS, thresholds=thresholds, sigmoid_error=sigmoid_error
    )


def figures(result: Verdict) -> OutputFigures:
    return result.outputs["output"]


def logits(seed: int, labels: int = 33, shift: float = -8.0, spread: float = 1.0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((len(LABELS), labels)) * spread + shift


def sigmoid(values: np.ndarray, noise: float = 0.0, seed: int = 0) -> np.ndarray:
    """In FP32, of logits that an engine has rounded to `noise` of the largest."""
    rng = np.random.default_rng(seed)
    off = noise / 4 * np.abs(values).max(axis=1, keepdims=True) * rng.standard_normal(values.shape)
    return (1 / (1 + np.exp(-(values + off)))).astype(np.float32)


def absolute(values: np.ndarray, noise: float = 0.0, seed: int = 0) -> np.ndarray:
    """As ONNX Runtime computes it: off by up to 1.7e-7, near 0 too, and up to a step above 1."""
    rng = np.random.default_rng(seed + 500)
    return np.maximum(sigmoid(values, noise, seed) + rng.uniform(-1.7e-7, 1.7e-7, values.shape), 0).astype(np.float32)


def exact(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-values))


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("noise", [1e-7, 2e-6, 1e-4])
@pytest.mark.parametrize("shift", [-14.0, -8.0, 0.0, 8.0, 14.0])
def test_engines_that_round_alike_pass_with_rare_and_with_sure_labels(seed: int, noise: float, shift: float) -> None:
    values = logits(seed, shift=shift, spread=2.0)
    reference, oracle = sigmoid(values, noise, 1), exact(values)
    for artifact, error in ((sigmoid(values, noise, 2), 0.0), (absolute(values, noise, 2), ONNX_RUNTIME)):
        result = verdict((artifact, reference, oracle), "sigmoid", sigmoid_error=error)
        assert result.status == "passed", result.reason


@pytest.mark.parametrize("seed", range(10))
def test_a_label_that_is_one_percent_off_fails(seed: int) -> None:
    values = logits(seed)
    wrong = values.copy()
    wrong[:, 5] = (values[:, 5] + 8) * 1.01 - 8
    reference, oracle = sigmoid(values, 1e-6, 1), exact(values)
    for artifact, error in ((sigmoid(wrong, 1e-6, 2), 0.0), (absolute(wrong, 1e-6, 2), ONNX_RUNTIME)):
        assert verdict((artifact, reference, oracle), "sigmoid", sigmoid_error=error).status == "failed"
    # As plain values, relative to the largest probability, a right file of the coarse engine fails too.
    right = absolute(values, 1e-6, 2), reference, oracle
    assert verdict(right, "logits").status == "failed"
    assert verdict(right, "sigmoid", sigmoid_error=ONNX_RUNTIME).status == "passed"


def test_an_error_of_an_exact_engine_is_seen_where_a_coarse_one_could_not_tell() -> None:
    """1e-5 of a probability of 1e-4: a thousandth of what ONNX Runtime may be off by."""
    values = logits(0, shift=math.log(1e-4))
    artifact = (sigmoid(values) * np.float32(1 + 1e-4)).astype(np.float32)
    three = artifact, sigmoid(values), exact(values)
    assert verdict(three, "sigmoid").status == "failed"
    assert verdict(three, "sigmoid", sigmoid_error=ONNX_RUNTIME).status == "passed"


def test_saturated_labels_count_as_equal_at_both_ends() -> None:
    values = np.linspace(-80, 80, 33) + logits(0, shift=0.0, spread=0.5)
    oracle = exact(values)
    artifact = sigmoid(values)
    assert artifact.max() == 1
    assert verdict((artifact, sigmoid(values, 1e-7, 1), oracle), "sigmoid").status == "passed"
    # What a format still has digits for is no saturation.
    wrong = artifact.copy()
    place = int(np.abs(values[0] + 30).argmin())
    wrong[0, place] *= 2
    result = verdict((wrong, artifact, oracle), "sigmoid")
    assert result.status == "failed"
    assert figures(result).against_oracle.max_abs == pytest.approx(math.log(2), rel=1e-3)


def test_labels_are_decided_by_their_thresholds() -> None:
    values = logits(1, labels=5, shift=0.0, spread=2.0)
    values[2, 3] = math.log(0.6 / 0.4) + 1e-4
    oracle = exact(values)
    turned = values.copy()
    turned[2, 3] -= 2e-4
    tolerance = Tolerance(floor=1e-3, reason="errors are not what is tested")
    three = exact(turned), oracle, oracle
    assert verdict(three, "sigmoid", tolerance=tolerance).status == "passed"
    result = verdict(three, "sigmoid", tolerance=Tolerance(noise_factor=1e3, reason="so"), thresholds=(0.6,))
    assert figures(result).thresholds == (0.6,)
    (flip,) = figures(result).label_flips
    assert (flip.sample, flip.label, flip.in_reference, flip.excused) == ("photo 2", 3, True, False)
    assert flip.gap == pytest.approx(1e-4, rel=1e-3)
    assert figures(result).label_agreement == pytest.approx(1 - 1 / 50)
    assert figures(result).lowest_label_agreement == pytest.approx(7 / 8)
    assert figures(result).top1_agreement is None
    assert figures(verdict(three, "sigmoid", tolerance=tolerance, thresholds=(0.5, 0.5, 0.5, 0.6, 0.5))).label_flips
    assert "5 labels, and 2 thresholds" in verdict(three, "sigmoid", thresholds=(0.5, 0.6)).reason


def test_a_flip_of_a_label_beyond_the_noise_fails_though_the_error_is_within() -> None:
    values = logits(1, labels=5, shift=0.0, spread=2.0)
    values[2, 3] = 1.2e-5
    turned = values.copy()
    turned[2, 3] = -1e-6
    reference = values.copy()
    reference[:, 0] += 3e-6
    result = verdict((exact(turned), exact(reference), exact(values)), "sigmoid")
    assert figures(result).against_oracle.max_relative < figures(result).max_threshold
    assert "photo 2: label 3 is not given, which the oracle parts from the threshold by 1.2e-05" in result.reason


def test_what_is_no_sigmoid_is_refused() -> None:
    values = logits(0)
    result = verdict((values, values, values), "sigmoid")
    assert "unusable reference: its reference is not a sigmoid's" in result.reason
    result = verdict((sigmoid(values) + 2, sigmoid(values), exact(values)), "sigmoid")
    assert "output output is not a sigmoid's: sample photo 0 has values from 2" in result.reason


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("kind", ["sigmoid", "logits"])
def test_one_value_a_sample(seed: int, kind: OutputKind) -> None:
    """Scale of its own it has none: one near zero must not make rounding look large."""
    values = logits(seed, labels=1, shift=0.0, spread=4.0)
    values[3] = 1e-4
    made = exact if kind == "sigmoid" else np.asarray
    rng = np.random.default_rng(seed)
    artifact, reference = (values + 1e-6 * rng.standard_normal(values.shape) for _ in range(2))
    three = made(artifact).astype(np.float32), made(reference).astype(np.float32), made(values)
    result = verdict(three, kind)
    assert result.status == "passed", result.reason
    assert figures(result).label_agreement == 1.0
    damaged = made(artifact * 1.01).astype(np.float32)
    assert verdict((damaged, *three[1:]), kind).status == "failed"


def test_one_logit_decides_by_its_sign() -> None:
    values = logits(0, labels=1, shift=0.0, spread=4.0)
    turned = values.copy()
    turned[0] = -turned[0]
    result = verdict(
        (turned, values, values), "logits", tolerance=Tolerance(0.9e3, 2e-6, 0.5, 0.9, 0.8, "so"), precision="int8"
    )
    assert figures(result).label_agreement == pytest.approx(0.9)
    assert figures(result).label_agreement_photos == pytest.approx(7 / 8)


def softmax(values: np.ndarray, clipped: bool = False) -> np.ndarray:
    shifted = values - values.max(axis=1, keepdims=True)
    powers = np.exp(np.maximum(shifted, -64) if clipped else shifted)
    return powers / powers.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("clips", [(True, False), (False, True), (False, False), (True, True)])
def test_paddle_s_clip_of_the_softmax_is_no_error(clips: tuple[bool, bool]) -> None:
    values = logits(3, labels=50, shift=0.0, spread=30.0)
    reference, oracle = softmax(values, clips[0]).astype(np.float32), softmax(values, clips[1])
    for artifact in (softmax(values), softmax(values, clipped=True)):
        result = verdict((artifact.astype(np.float32), reference, oracle), "probabilities")
        assert result.status == "passed", result.reason
    wrong = values.copy()
    wrong[:, 4] *= 1.01
    assert verdict((softmax(wrong).astype(np.float32), reference, oracle), "probabilities").status == "failed"


def sure(seed: int = 0) -> np.ndarray:
    """Two classes, the first of which always wins."""
    values = logits(seed, labels=2, shift=0.0, spread=0.4)
    values[:, 0] += 12
    return values


def test_a_sure_model_is_judged_by_how_sure_it_is() -> None:
    three = tuple(softmax(sure()).astype(kind) for kind in (np.float32, np.float32, np.float64))
    result = verdict((three[0], three[1], three[2]), "probabilities")
    assert result.status == "passed", result.reason
    off = sure()
    off[:, 0] = 12 + (off[:, 0] - 12) * 1.01
    damaged = softmax(off).astype(np.float32)
    assert np.abs(damaged - three[0]).max() < 1e-6
    assert verdict((damaged, three[1], three[2]), "probabilities").status == "failed"
    constant = np.repeat(three[0].mean(axis=0, keepdims=True), len(LABELS), axis=0)
    assert verdict((constant, three[1], three[2]), "probabilities").status == "failed"


def test_a_model_too_sure_for_the_format_is_inconclusive_and_says_what_to_give() -> None:
    values = sure()
    values[:, 0] += 100
    three = softmax(values).astype(np.float32), softmax(values).astype(np.float32), softmax(values)
    result = verdict(three, "probabilities")
    assert result.status == "failed"
    assert "inconclusive" in result.reason
    assert "give photos that it tells apart, with --golden DIR" in result.reason


def features(seed: int = 0, noise: float = 0.0, width: int = 64) -> np.ndarray:
    """Unit vectors of ten samples, of which some are near each other."""
    rng = np.random.default_rng(seed)
    values = np.abs(rng.standard_normal((len(LABELS), width)))
    values[1] = values[0] + 0.1 * rng.standard_normal(width)
    if noise:
        values = values * (1 + noise * np.random.default_rng(seed + 77).standard_normal(values.shape))
    return values / np.linalg.norm(values, axis=1, keepdims=True)


@pytest.mark.parametrize("shape", [(10, 64), (10, 64, 1, 1)])
def test_features_that_are_rounded_pass_and_others_fail(shape: tuple[int, ...]) -> None:
    oracle = features().reshape(shape)
    artifact, reference = features(noise=1e-7).astype(np.float32), features().astype(np.float32)
    result = verdict((artifact.reshape(shape), reference.reshape(shape), oracle), "features")
    assert result.status == "passed", result.reason
    found = figures(result)
    assert (found.neighbour_agreement, found.neighbour_agreement_photos, found.order_agreement) == (1.0, 1.0, 1.0)
    assert found.top1_agreement is None
    assert found.agreement_photos == 1.0
    damaged = features()
    damaged[:, 7] *= 1.01
    assert verdict((damaged.reshape(shape), reference.reshape(shape), oracle), "features").status == "failed"


def test_neighbours_in_another_order_are_named() -> None:
    oracle = features()
    artifact = oracle.copy()
    artifact[1] = oracle[2] + 1e-3
    result = verdict((artifact, oracle, oracle), "features", tolerance=FP16, precision="fp16")
    assert result.status == "failed"
    found = figures(result)
    assert found.neighbour_agreement_photos is not None and found.neighbour_agreement_photos < 0.87
    flip = next(flip for flip in found.neighbour_flips if flip.sample == "photo 0")
    assert flip.reference_nearer == "photo 1"
    assert not flip.excused
    assert found.order_agreement is not None and 0.5 < found.order_agreement < 1


def test_half_precision_s_limits_for_features_are_of_length_and_angle() -> None:
    oracle = features()
    rounded = oracle.astype(np.float16).astype(np.float32)
    assert verdict((rounded, oracle, oracle), "features", tolerance=FP16, precision="fp16").status == "passed"
    # Each value within the limit, but the vector turned by more than it may be long.
    turned = oracle + 0.049 * oracle.max(axis=1, keepdims=True) * np.where(np.arange(64) % 2, 1.0, -1.0)
    result = verdict((turned, oracle, oracle), "features", tolerance=FP16, precision="fp16")
    assert result.status == "failed"
    assert "turns a sample's vector to a cosine of 0.98" in result.reason


def test_half_precision_s_limits_for_labels_count_the_worst_label() -> None:
    values = logits(4, labels=33, shift=-3.0, spread=2.0)
    oracle = exact(values)
    rounded = sigmoid(values, 1e-3).astype(np.float16).astype(np.float32)
    assert verdict((rounded, oracle, oracle), "sigmoid", tolerance=FP16, precision="fp16").status == "passed"
    near = values.copy()
    near[:4, 9] = 0.01
    turned = near.copy()
    turned[:4, 9] = -0.01
    result = verdict((exact(turned), exact(near), exact(near)), "sigmoid", tolerance=FP16, precision="fp16")
    assert figures(result).label_agreement_photos == pytest.approx(1 - 4 / (8 * 33))
    assert figures(result).lowest_label_agreement == pytest.approx(0.5)
    assert "decides for a label as the reference does in 50.0% of the photos, less than 87.0%" in result.reason
