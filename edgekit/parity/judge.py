"""Does an artifact still compute the same? The rules, in the order in which they are asked:

1. Every output is there under its exact name and shape, and finite.
2. The reference and the oracle can be judged against: finite, close to each other, and not so flat that a
   model that ignores its input would pass.
3. The error against the oracle is of the order of the reference's own (FP32) or within the recipe's limit.
4. The decisions agree, but for those that the reference itself cannot tell.

docs/parity.md gives the formulas and the measurements behind them.
"""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from edgekit.parity import metrics
from edgekit.parity.metrics import Array
from edgekit.parity.tolerance import Tolerance
from edgekit.parity.verdict import ErrorFigures, Flip, OutputFigures, OutputKind, Precision, Verdict

RMS_FLOOR_SHARE = 0.2
"""The floor of the RMS error over that of the largest: rounding errors measured 5 to 6 apart
(docs/parity.md)."""

SMALLEST_PROBABILITY: Mapping[Precision, float] = {"fp32": 1e-30, "fp16": 2.0**-14, "int8": 1 / 256}
"""Below this a probability has lost its digits: near FP32's and at FP16's smallest normal number; one 8-bit
step."""


class _Failure(Exception):
    """Why an output fails; `figures` where it could be measured."""

    def __init__(self, reason: str, figures: OutputFigures | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.figures = figures


def judge(
    artifact: np.ndarray,
    reference: np.ndarray,
    oracle: np.ndarray,
    tolerance: Tolerance,
    precision: Precision,
    labels: Sequence[str],
    output_kind: OutputKind = "logits",
    *,
    judged_against: str = "the reference",
    kinds: Sequence[str] | None = None,
    name: str = "output",
) -> Verdict:
    """The verdict on one output: float arrays [N, C] of N samples, one of `labels` (and `kinds`) each.

    `artifact` is judged by its error against `oracle` (float64), measured by the error of `reference`
    (float32). `kinds` ("photo" or anything else) lets agreement be counted on photos apart.
    """
    return judge_outputs(
        {name: artifact},
        {name: reference},
        {name: oracle},
        tolerance,
        precision,
        labels,
        {name: output_kind},
        judged_against=judged_against,
        kinds=kinds,
    )


def judge_outputs(
    artifact: Mapping[str, np.ndarray],
    reference: Mapping[str, np.ndarray],
    oracle: Mapping[str, np.ndarray],
    tolerance: Tolerance,
    precision: Precision,
    labels: Sequence[str],
    output_kinds: Mapping[str, OutputKind] | None = None,
    *,
    judged_against: str = "the reference",
    kinds: Sequence[str] | None = None,
    yardstick: Mapping[str, np.ndarray] | None = None,
) -> Verdict:
    """The verdict on all outputs, matched by exact name and shape and never by position.

    Passes where every output of the reference passes and there is no other. The reason names each output that
    does not. `output_kinds` defaults to logits. `yardstick` holds the outputs of the FP32 engine whose error sets the
    limits, where that is not the reference: one from another machine must not decide how wrong an artifact may be.
    """
    if precision != "fp32" and (tolerance.max_relative is None or tolerance.min_top1_agreement is None):
        reason = f"the recipe gives no max_relative and min_top1_agreement for {precision.upper()}"
        return Verdict.not_run(reason, judged_against, precision)
    reasons: list[str] = []
    if set(reference) != set(oracle) or not reference:
        reasons.append(f"the reference is unusable: it has outputs {sorted(reference)}, its oracle {sorted(oracle)}")
    unknown = sorted(set(artifact) - set(reference))
    if unknown:
        reasons.append(f"the artifact has outputs that the reference does not know: {', '.join(unknown)}")
    figures: dict[str, OutputFigures] = {}
    for name in sorted(set(reference) & set(oracle)):
        kind = (output_kinds or {}).get(name, "logits")
        try:
            if name not in artifact:
                raise _Failure("is missing from the artifact")
            samples = _Samples.of(artifact[name], reference[name], oracle[name], labels, kinds, precision, kind)
            measure = None
            if yardstick is not None:
                # Checked as a reference is; its own comparison is with itself.
                own = yardstick[name]
                measure = _Samples.of(own, own, oracle[name], labels, kinds, precision, kind).reference
            figures[name] = _judged(samples, tolerance, precision, kind, measure)
        except _Failure as failure:
            reasons.append(f"output {name} {failure.reason}")
            if failure.figures is not None:
                figures[name] = failure.figures
    return Verdict("failed" if reasons else "passed", judged_against, precision, "; ".join(reasons), figures)


class _Samples(msgspec.Struct, frozen=True):
    """One output of all three, checked: float64 [N, C]."""

    artifact: Array
    reference: Array
    oracle: Array
    scale: Array
    labels: Sequence[str]
    photos: np.ndarray | None

    @classmethod
    def of(
        cls,
        artifact: np.ndarray,
        reference: np.ndarray,
        oracle: np.ndarray,
        labels: Sequence[str],
        kinds: Sequence[str] | None,
        precision: Precision,
        kind: OutputKind,
    ) -> "_Samples":
        """Rule 1 and the first half of rule 2: shapes and finite values."""
        if reference.shape != oracle.shape or oracle.ndim < 2 or 0 in oracle.shape:
            raise _Failure(
                f"has an unusable reference: its shape is {list(reference.shape)}, its oracle's {list(oracle.shape)}"
            )
        if len(labels) != len(oracle) or (kinds is not None and len(kinds) != len(oracle)):
            raise _Failure(f"has an unusable reference: {len(oracle)} samples in it and {len(labels)} among the inputs")
        if artifact.shape != oracle.shape:
            raise _Failure(f"has shape {list(artifact.shape)} and the reference {list(oracle.shape)}")
        rows = [np.asarray(a, dtype=np.float64).reshape(len(oracle), -1) for a in (artifact, reference, oracle)]
        for who, values in zip(("reference", "oracle"), rows[1:], strict=True):
            bad = _not_finite(values, labels)
            if bad is None and kind == "probabilities":
                bad = _not_probabilities(values, labels, whole=True)
            if bad is not None:
                raise _Failure(f"has an unusable reference: its {who} {bad}")
        bad = _not_finite(rows[0], labels)
        if bad is None and kind == "probabilities":
            bad = _not_probabilities(rows[0], labels, whole=precision != "int8")
        if bad is not None:
            raise _Failure(bad)
        if kind == "probabilities":
            rows = [metrics.log_probabilities(values, SMALLEST_PROBABILITY[precision]) for values in rows]
        photos = None if kinds is None else np.array([one == "photo" for one in kinds])
        ours, theirs, truth = rows
        return cls(ours, theirs, truth, metrics.scales(truth), labels, photos)


def _not_finite(values: Array, labels: Sequence[str]) -> str | None:
    bad = ~np.isfinite(values)
    if not bad.any():
        return None
    first = labels[int(bad.any(axis=1).argmax())]
    return f"has {int(bad.sum())} NaN or infinite values of {values.size}, first in sample {first}"


def _not_probabilities(values: Array, labels: Sequence[str], *, whole: bool) -> str | None:
    """Softmax's values are at least 0 and, where they are `whole`, add up to 1; 1 % lets FP16 round.

    8-bit probabilities of a thousand classes may add up to anything: each is rounded to a step of 1/256.
    """
    bad = values.min(axis=1) < 0
    if whole:
        bad |= np.abs(values.sum(axis=1) - 1) > 0.01
    if not bad.any():
        return None
    row = int(bad.argmax())
    return (
        f"is not made of probabilities: sample {labels[row]} has a smallest value of {values[row].min():.3g} "
        f"and a sum of {values[row].sum():.3g}"
    )


class _Limits(msgspec.Struct, frozen=True):
    """What the relative errors may be at most."""

    max: float
    rms: float | None

    @classmethod
    def of(cls, noise: ErrorFigures, tolerance: Tolerance, precision: Precision) -> "_Limits":
        if precision != "fp32":
            assert tolerance.max_relative is not None
            return cls(tolerance.max_relative, None)
        return cls(
            max(tolerance.noise_factor * noise.max_relative, tolerance.floor),
            max(tolerance.noise_factor * noise.rms_relative, tolerance.floor * RMS_FLOOR_SHARE),
        )

    def admit(self, values: Array, truth: Array, scale: Array) -> bool:
        return metrics.max_relative(values, truth, scale) <= self.max and (
            self.rms is None or metrics.rms_relative(values, truth, scale) <= self.rms
        )


def _judged(
    samples: _Samples, tolerance: Tolerance, precision: Precision, kind: OutputKind, yardstick: Array | None = None
) -> OutputFigures:
    """Rules 2 to 4 on one output; `yardstick` sets the limits in the reference's place."""
    oracle, scale = samples.oracle, samples.scale
    noise = metrics.errors(samples.reference, oracle, scale)
    if noise.max_relative > tolerance.max_noise:
        raise _Failure(
            f"has an unusable reference: it is {noise.max_relative:.2g} of the output's range away from its "
            f"own oracle, more than {tolerance.max_noise:.2g}"
        )
    limits = _Limits.of(noise if yardstick is None else metrics.errors(yardstick, oracle, scale), tolerance, precision)
    figures = _measured(samples, noise, limits, tolerance, kind)
    if (blind := _blind(oracle, scale, limits)) is not None:
        raise _Failure(f"is inconclusive: {blind}", figures)
    ours = figures.against_oracle
    if precision == "fp32":
        whose = "the reference's own" if yardstick is None else "Paddle's own FP32"
        told = f"{tolerance.noise_factor:g} times {whose} error"
    else:
        told = f"what the recipe allows {precision.upper()}"
    if ours.max_relative > limits.max:
        raise _Failure(
            f"is off by {ours.max_relative:.2g} of its range at sample {figures.worst_sample}, more than "
            f"{limits.max:.2g} ({told})",
            figures,
        )
    if limits.rms is not None and ours.rms_relative > limits.rms:
        raise _Failure(
            f"is off by {ours.rms_relative:.2g} of its range in the root mean square, more than "
            f"{limits.rms:.2g} ({told})",
            figures,
        )
    _judge_decisions(figures, tolerance, precision)
    return figures


def _judge_decisions(figures: OutputFigures, tolerance: Tolerance, precision: Precision) -> None:
    """Rule 4. FP16 and INT8 need a share that agrees, counted on the photos where there are some."""
    if precision == "fp32":
        if figures.disagreements:
            flip = max(figures.disagreements, key=lambda one: one.gap)
            raise _Failure(
                f"decides for another class in {len(figures.disagreements)} of {figures.samples} samples, "
                f"e.g. {flip.sample}: {flip.artifact_class} instead of {flip.reference_class}, which the "
                f"oracle parts by {flip.gap:.2g} with a noise of {flip.noise:.2g}",
                figures,
            )
        return
    assert tolerance.min_top1_agreement is not None
    counted = [("all samples", figures.top1_agreement)]
    if figures.top1_agreement_photos is not None:
        counted = [("the photos", figures.top1_agreement_photos)]
    for what, share in counted:
        if share < tolerance.min_top1_agreement:
            raise _Failure(
                f"decides for the reference's class in {share:.1%} of {what}, less than "
                f"{tolerance.min_top1_agreement:.1%}",
                figures,
            )


def _blind(oracle: Array, scale: Array, limits: _Limits) -> str | None:
    """Why these samples cannot tell a right model from a wrong one, or none.

    Two wrong models are judged as an artifact would be: one that gives all classes of a sample the same
    value, and one that ignores its input. If either is within the limits, passing means nothing.
    """
    count, classes = oracle.shape
    flat = np.broadcast_to(oracle.mean(axis=1, keepdims=True), oracle.shape)
    if classes > 1 and limits.admit(flat, oracle, scale):
        return "the oracle's values are so equal that a model with the same value for every class would pass"
    # Each sample is measured by its own scale, so the common answer is one of relative values.
    common = np.mean(oracle / scale[:, None], axis=0, keepdims=True) * scale[:, None]
    if count > 1 and limits.admit(common, oracle, scale):
        return "the oracle's samples are so alike that a model that ignores its input would pass"
    return None


def _measured(
    samples: _Samples, noise: ErrorFigures, limits: _Limits, tolerance: Tolerance, kind: OutputKind
) -> OutputFigures:
    artifact, reference, oracle = samples.artifact, samples.reference, samples.oracle
    worst = np.abs(metrics.relative_errors(artifact, oracle, samples.scale)).max(axis=1).argmax()
    photos = samples.photos if samples.photos is not None and samples.photos.any() else None
    return OutputFigures(
        kind=kind,
        samples=oracle.shape[0],
        classes=oracle.shape[1],
        against_oracle=metrics.errors(artifact, oracle, samples.scale),
        against_reference=metrics.errors(artifact, reference, samples.scale),
        noise=noise,
        max_threshold=limits.max,
        rms_threshold=limits.rms,
        worst_sample=samples.labels[int(worst)],
        top1_agreement=metrics.top1_agreement(artifact, reference),
        top1_agreement_photos=None if photos is None else metrics.top1_agreement(artifact[photos], reference[photos]),
        top5_agreement=metrics.top5_agreement(artifact, reference),
        top5_agreement_photos=None if photos is None else metrics.top5_agreement(artifact[photos], reference[photos]),
        flips=_flips(samples, max(noise.max_relative, tolerance.floor)),
    )


def _flips(samples: _Samples, noise: float) -> list[Flip]:
    """The samples with another top-1 class than the reference, given the reference's pooled relative
    noise."""
    ours, theirs = metrics.top1(samples.artifact), metrics.top1(samples.reference)
    margins = metrics.margins(samples.oracle)
    flips = []
    for row in np.flatnonzero(ours != theirs).tolist():
        gap = float(samples.oracle[row].max() - samples.oracle[row, ours[row]])
        absolute = float(noise * samples.scale[row])
        flips.append(
            Flip(
                sample=samples.labels[row],
                reference_class=int(theirs[row]),
                artifact_class=int(ours[row]),
                margin=float(margins[row]),
                gap=gap,
                noise=absolute,
                excused=gap < 2 * absolute,
            )
        )
    return flips
