"""Whether golden samples came out right: as a device's self-test judges them, where a server answers.

Imported by the server's worker, too: it needs numpy and msgspec alone.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from edgekit.artifact.manifest import Manifest, VariantVerdict
from edgekit.classes import prepared
from edgekit.inputs.images import decode_image
from edgekit.parity.values import SMALLEST_PROBABILITY, Digits, compared, scales, unfit
from edgekit.parity.verdict import Verdict


def verdict_here(manifest: Manifest, variant: str) -> VariantVerdict | None:
    """The verdict on a variant as this machine itself ran it; None where there is none. Others have their own."""
    return next((one for one in manifest.verdicts if one.variant == variant and one.machine is None), None)


def wrong_outputs(
    outputs: Mapping[str, np.ndarray],
    oracle: Mapping[str, np.ndarray],
    manifest: Manifest,
    verdict: Verdict,
    sigmoid_error: float,
) -> str | None:
    """Why `outputs` [samples, ...] are not what the oracle has; None where all are within the verdict's limits."""
    for spec in manifest.outputs:
        truth = oracle[spec.name].astype(np.float64).reshape(len(oracle[spec.name]), -1)
        values = outputs[spec.name].astype(np.float64).reshape(len(outputs[spec.name]), -1)
        if (figures := verdict.outputs.get(spec.name)) is None:
            return f"the verdict has no limit for the output {spec.name}"
        if values.shape != truth.shape:
            return f"the output {spec.name} is {list(values.shape)}, and the oracle's {list(truth.shape)}"
        labels = [f"golden sample {number}" for number in range(len(values))]
        if reason := unfit(values, labels, figures.kind, manifest.precision, whole=manifest.precision != "int8"):
            return f"the output {spec.name} {reason}"
        error = largest_error(values, truth, manifest, spec.name, verdict, sigmoid_error)
        if not error <= figures.max_threshold:
            return f"the output {spec.name} is off by {error:.2g}, and at most {figures.max_threshold:.2g} may be"
    return None


def largest_error(
    values: np.ndarray, truth: np.ndarray, manifest: Manifest, output: str, verdict: Verdict, sigmoid_error: float
) -> float:
    """`max |values - truth|` of one output, [samples, values] float64 each, relative to each sample's scale."""
    kind = verdict.outputs[output].kind
    digits = Digits.of(manifest.precision, sigmoid_error)
    exact = compared(truth, truth, kind, manifest.precision, digits)
    off = compared(values, truth, kind, manifest.precision, digits) - exact
    return float((np.abs(off) / scales(exact, kind)[:, None]).max())


class Judged(NamedTuple):
    """An artifact, the verdict on it here, and what its engine's sigmoid may be off by."""

    manifest: Manifest
    verdict: Verdict
    sigmoid_error: float

    @property
    def digits(self) -> Digits:
        """Which of a sigmoid's digits count."""
        return Digits.of(self.manifest.precision, self.sigmoid_error)


def apart(values: np.ndarray, others: np.ndarray, output: str, one: Judged, other: Judged) -> tuple[float, float]:
    """How far `others` are from `values`, [samples, ...] each, the latter finite; and how far they may be if both are
    right. Of the sample that is nearest to its limit or furthest beyond, relative to that sample's scale.

    Each may be off the oracle by its own limit. Only those digits are compared that both have: those of the coarser
    precision, and of the coarser sigmoid.
    """
    first, second = (found.astype(np.float64).reshape(len(found), -1) for found in (values, others))
    kind = one.verdict.outputs[output].kind
    coarser = max(one, other, key=lambda each: SMALLEST_PROBABILITY[each.manifest.precision])
    precision = coarser.manifest.precision
    cuts, slacks = ([getattr(each.digits, name) for each in (one, other)] for name in ("cut", "slack"))
    digits = Digits(
        (max(each[0] for each in cuts), max(each[1] for each in cuts)),
        (sum(each[0] for each in slacks), sum(each[1] for each in slacks)),
    )
    room = np.zeros(len(first))
    for each in (one, other):
        told = compared(first, first, kind, each.manifest.precision, each.digits)
        room += each.verdict.outputs[output].max_threshold * scales(told, kind)
    exact = compared(first, first, kind, precision, digits)
    off = np.abs(compared(second, first, kind, precision, digits) - exact).max(axis=1)
    # A NaN is the largest of all here.
    worst, scale = int((off - room).argmax()), scales(exact, kind)
    return float(off[worst] / scale[worst]), float(room[worst] / scale[worst])


def wrong_preparation(golden: Mapping[str, np.ndarray], manifest: Manifest) -> str | None:
    """Why the bundled photo does not become the golden input's bits here, or None; also where none travels along."""
    if "photo_file" not in golden:
        return None
    photo = decode_image(golden["photo_file"].tobytes(), "the golden photo", alpha=True)
    tensor, wanted = prepared(photo, manifest), golden[f"input/{manifest.inputs[0].name}"][0]
    if tensor.dtype != wanted.dtype or not np.array_equal(tensor, wanted):
        return "the golden photo is prepared otherwise here than it was when the model was verified"
    return None
