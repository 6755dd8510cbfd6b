"""Whether golden samples came out right: as a device's self-test judges them, where a server answers.

Imported by the server's worker, too: it needs numpy and msgspec alone.
"""

from collections.abc import Mapping

import numpy as np

from edgekit.artifact.manifest import Manifest
from edgekit.classes import prepared
from edgekit.inputs.images import decode_image
from edgekit.parity.values import Digits, compared, scales, unfit
from edgekit.parity.verdict import Verdict


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


def wrong_preparation(golden: Mapping[str, np.ndarray], manifest: Manifest) -> str | None:
    """Why the bundled photo does not become the golden input's bits here, or None; also where none travels along."""
    if "photo_file" not in golden:
        return None
    photo = decode_image(golden["photo_file"].tobytes(), "the golden photo", alpha=True)
    tensor, wanted = prepared(photo, manifest), golden[f"input/{manifest.inputs[0].name}"][0]
    if tensor.dtype != wanted.dtype or not np.array_equal(tensor, wanted):
        return "the golden photo is prepared otherwise here than it was when the model was verified"
    return None
