"""Does an artifact still compute the same? The rules, in the order in which they are asked:

1. Every output is there under its exact name and shape, and finite.
2. The reference and the oracle can be judged against: finite, close to each other, and not so flat that a
   model that ignores its input would pass.
3. The error against the oracle is of the order of the reference's own (FP32) or within the recipe's limit; in INT8 on
   the photos (`parity.counted`).
4. The decisions agree, but for those that the reference itself cannot tell.

What is compared and what is decided depends on the output's kind. docs/parity.md gives the formulas and the
measurements behind them.
"""

from collections.abc import Iterator, Mapping, Sequence

import msgspec
import numpy as np

from edgekit.parity import metrics
from edgekit.parity.agreement import disagreement
from edgekit.parity.blind import blindness
from edgekit.parity.counted import counted_samples
from edgekit.parity.decisions import class_decisions, label_decisions, neighbour_decisions
from edgekit.parity.limits import Limits, falls_short
from edgekit.parity.metrics import Array
from edgekit.parity.tolerance import Tolerance
from edgekit.parity.values import Digits, compared, digits_of_both, scales, threshold_logits, unfit
from edgekit.parity.verdict import ErrorFigures, OutputFigures, OutputKind, Precision, Verdict

THRESHOLDS = (0.5,)
"""Above which probability a label is given, where nobody says otherwise."""


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
    thresholds: Sequence[float] = (),
    sigmoid_error: float = 0.0,
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
        thresholds={name: thresholds},
        sigmoid_error=sigmoid_error,
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
    thresholds: Mapping[str, Sequence[float]] | None = None,
    sigmoid_error: float = 0.0,
    chosen: Sequence[int] | None = None,
) -> Verdict:
    """The verdict on all outputs, matched by exact name and shape and never by position.

    Passes where every output of the reference passes and there is no other. The reason names each output that
    does not. `output_kinds` defaults to logits. `yardstick` holds the outputs of the FP32 engine whose error sets the
    limits, where that is not the reference: one from another machine must not decide how wrong an artifact may be.
    `thresholds` are those of a sigmoid's labels, one for all or one for each: 0.5 where there are none.
    `sigmoid_error` is what the artifact's engine is known to be off by in a sigmoid, near 0 as near 1.
    `chosen` are the samples that the artifact was run on, where those are not all: its outputs hold them alone, and its
    limits are still those that all samples set.
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
    digits, theirs = digits_of_both(precision, sigmoid_error, of_paddle=yardstick is None)
    for name in sorted(set(reference) & set(oracle)):
        kind = (output_kinds or {}).get(name, "logits")
        try:
            if name not in artifact:
                raise _Failure("is missing from the artifact")
            measure = None
            if yardstick is not None or chosen is not None:
                # Checked as a reference is; its own comparison is with itself.
                measuring = reference if yardstick is None else yardstick
                three = measuring[name], measuring[name], oracle[name]
                of_it = theirs if yardstick is None else digits.of_paddle
                measure = _Measure.of(_Samples.of(three, labels, kinds, precision, kind, (digits, of_it)), yardstick)
            rows = range(len(labels)) if chosen is None else chosen
            three = artifact[name], reference[name], oracle[name]
            if chosen is not None:
                three = artifact[name], reference[name][list(rows)], oracle[name][list(rows)]
            samples = _Samples.of(
                three,
                [labels[row] for row in rows],
                kinds and [kinds[row] for row in rows],
                precision,
                kind,
                (digits, theirs),
            )
            decided = _Thresholds.of((thresholds or {}).get(name), kind, samples.oracle.shape[1], digits)
            figures[name] = _judged(samples, tolerance, precision, kind, measure, decided)
        except _Failure as failure:
            reasons.append(f"output {name} {failure.reason}")
            if failure.figures is not None:
                figures[name] = failure.figures
    status = "failed" if reasons else "passed"
    return Verdict(status, judged_against, precision, "; ".join(reasons), figures, tuple(_beyond(figures)))


def _beyond(figures: Mapping[str, OutputFigures]) -> Iterator[str]:
    """In words, where samples that do not count are off by more than those that do may be."""
    for name, one in figures.items():
        off = one.uncounted_max_relative
        if off is not None and off > one.max_threshold:
            yield (
                f"output {name} is off by {off:.2g} of its range on noise, where INT8 cuts off what no photo reaches: "
                f"that does not count, and of photos {one.max_threshold:.2g} is the limit"
            )


class _Samples(msgspec.Struct, frozen=True):
    """One output of all three, checked: float64 [N, C]."""

    artifact: Array
    reference: Array
    oracle: Array
    scale: Array
    labels: Sequence[str]
    photos: np.ndarray | None
    counted: Sequence[int]
    """Those whose errors are judged."""

    @classmethod
    def of(
        cls,
        three: tuple[np.ndarray, np.ndarray, np.ndarray],
        labels: Sequence[str],
        kinds: Sequence[str] | None,
        precision: Precision,
        kind: OutputKind,
        digits: tuple[Digits, Digits],
    ) -> "_Samples":
        """Rule 1 and the first half of rule 2: shapes and finite values, of artifact, reference and oracle.

        `digits` are the artifact's and the reference's.
        """
        artifact, reference, oracle = three
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
            if (bad := unfit(values, labels, kind, precision, whole=True)) is not None:
                raise _Failure(f"has an unusable reference: its {who} {bad}")
        if (bad := unfit(rows[0], labels, kind, precision, whole=precision != "int8")) is not None:
            raise _Failure(bad)
        ours, theirs, truth = (
            compared(values, rows[2], kind, precision, own)
            for values, own in zip(rows, (*digits, digits[0]), strict=True)
        )
        photos = None if kinds is None else np.array([one == "photo" for one in kinds])
        if photos is not None and not photos.any():
            photos = None
        counted = counted_samples(kinds or ["sample"] * len(labels), precision)
        return cls(ours, theirs, truth, scales(truth, kind), labels, photos, counted)


class _Thresholds(msgspec.Struct, frozen=True):
    """Above what a label is given: as it was said, and in logits, [1] or [C]."""

    said: tuple[float, ...]
    logits: Array

    @classmethod
    def of(cls, said: Sequence[float] | None, kind: OutputKind, count: int, digits: Digits) -> "_Thresholds":
        if kind != "sigmoid":
            # One logit stands for two classes: it decides by its sign.
            return cls((), np.zeros(1))
        chosen = tuple(said or THRESHOLDS)
        if len(chosen) not in (1, count):
            raise _Failure(f"has {count} labels, and {len(chosen)} thresholds are given for them")
        return cls(chosen, threshold_logits(chosen, digits))


class _Measure(msgspec.Struct, frozen=True):
    """The error that sets the limits, where it is not the reference's own on the samples that the artifact saw."""

    errors: ErrorFigures
    of_paddle: bool
    """It is Paddle's own, and the reference is another engine."""

    @classmethod
    def of(cls, samples: _Samples, yardstick: Mapping[str, np.ndarray] | None) -> "_Measure":
        return cls(metrics.errors(samples.reference, samples.oracle, samples.scale), yardstick is not None)


def _away(samples: _Samples, allowed: float) -> str:
    """How far the reference is from its oracle, at which sample, and whether others would do."""
    away = np.abs(metrics.relative_errors(samples.reference, samples.oracle, samples.scale)).max(axis=1)
    worst, beyond = samples.labels[int(away.argmax())], int((away > allowed).sum())
    said = f"{away.max():.2g} of the output's range away from its own oracle at sample {worst}, more than {allowed:.2g}"
    if beyond > len(away) // 2:
        return said
    # The network itself turns roundings into another answer there.
    return f"{said}; {len(away) - beyond} of {len(away)} samples are within it, and --golden DIR takes others"


def _judged(
    samples: _Samples,
    tolerance: Tolerance,
    precision: Precision,
    kind: OutputKind,
    measure: _Measure | None,
    thresholds: "_Thresholds",
) -> OutputFigures:
    """Rules 2 to 4 on one output; `measure` sets the limits in the reference's place."""
    oracle, scale = samples.oracle, samples.scale
    noise = metrics.errors(samples.reference, oracle, scale)
    if noise.max_relative > tolerance.max_noise:
        raise _Failure(f"has an unusable reference: it is {_away(samples, tolerance.max_noise)}")
    limits = Limits.of(noise if measure is None else measure.errors, tolerance, precision)
    figures = _measured(samples, noise, limits, tolerance, kind, thresholds)
    counted = samples.counted
    if (blind := blindness(oracle[counted], scale[counted], limits)) is not None:
        raise _Failure(f"is inconclusive: {blind}", figures)
    if precision == "fp32":
        whose = "Paddle's own FP32" if measure is not None and measure.of_paddle else "the reference's own"
        told = f"{tolerance.noise_factor:g} times {whose} error"
    else:
        told = f"what the recipe allows {precision.upper()}"
    reasons = list(_beyond_limits(figures, limits, told))
    if (reason := disagreement(figures, tolerance, precision)) is not None:
        reasons.append(reason)
    if reasons:
        # In FP32 one follows from the other. In lower precisions each tells how far the artifact is from passing.
        raise _Failure(reasons[0] if precision == "fp32" else ", and ".join(reasons), figures)
    return figures


def _beyond_limits(figures: OutputFigures, limits: Limits, told: str) -> Iterator[str]:
    """Rule 3 in words, `told` where the limits come from; nothing where the errors are within them."""
    ours, found = figures.against_oracle, figures.median_snr_db
    if ours.max_relative > limits.max:
        yield (
            f"is off by {ours.max_relative:.2g} of its range at sample {figures.worst_sample}, more than "
            f"{limits.max:.2g} ({told})"
        )
    if limits.rms is not None and ours.rms_relative > limits.rms:
        yield (
            f"is off by {ours.rms_relative:.2g} of its range in the root mean square, more than {limits.rms:.2g} "
            f"({told})"
        )
    if falls_short(found, limits.min_snr_db):
        yield (
            f"has a signal-to-noise ratio of {found:.1f} dB in the median sample, less than {limits.min_snr_db:g} "
            f"({told})"
        )


def _measured(
    samples: _Samples,
    noise: ErrorFigures,
    limits: Limits,
    tolerance: Tolerance,
    kind: OutputKind,
    thresholds: _Thresholds,
) -> OutputFigures:
    artifact, reference, oracle = samples.artifact, samples.reference, samples.oracle
    off, counted = np.abs(metrics.relative_errors(artifact, oracle, samples.scale)).max(axis=1), samples.counted
    others = np.delete(off, counted)
    own = max(noise.max_relative, tolerance.floor)
    triple = artifact, reference, oracle
    if kind == "features":
        decisions = neighbour_decisions(triple, own, samples.labels, samples.photos)
    elif kind == "sigmoid" or (kind == "logits" and oracle.shape[1] == 1):
        decisions = label_decisions(triple, samples.scale, own, samples.labels, samples.photos, thresholds.logits)
    else:
        decisions = class_decisions(triple, samples.scale, own, samples.labels, samples.photos)
    decibel = metrics.sample_snr_db(artifact, oracle)
    middle = float(np.median(decibel if samples.photos is None else decibel[samples.photos]))
    return OutputFigures(
        kind=kind,
        samples=oracle.shape[0],
        classes=oracle.shape[1],
        against_oracle=metrics.errors(artifact[counted], oracle[counted], samples.scale[counted]),
        against_reference=metrics.errors(artifact[counted], reference[counted], samples.scale[counted]),
        noise=noise,
        max_threshold=limits.max,
        rms_threshold=limits.rms,
        worst_sample=samples.labels[counted[int(off[counted].argmax())]],
        uncounted_max_relative=float(others.max()) if len(others) else None,
        thresholds=thresholds.said,
        median_snr_db=middle if np.isfinite(middle) else None,
        lowest_snr_db=float(decibel.min()) if np.isfinite(decibel.min()) else None,
        **decisions,
    )
