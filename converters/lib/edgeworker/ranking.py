"""What each layer's quantisation costs: the model in floating point with that layer alone in 8 bits, on some photos.

Errors of single layers are nearly independent of each other, so that their powers add up: the layer whose own error is
largest is the one to give back to floating point first. The cost is the signal-to-noise ratio of the outputs of the
median photo, in dB; each photo by itself, as some have outputs far larger than others'.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from edgeworker.calibration import Samples

PHOTOS = 8
"""How many photos tell: costs of layers differ by more than 20 dB, and a ranking needs no more digits."""
UNCHANGED = 200.0
"""dB: what is said of a layer whose quantisation changes no bit."""


def ranking_photos(samples: Samples, count: int = PHOTOS) -> list[np.ndarray]:
    """Some of the calibration's photos at even distances, float32 [1, C, H, W] each."""
    count = min(count, len(samples))
    return list(samples.batches(1, [index * len(samples) // count for index in range(count)]))


def signal_to_noise(found: Sequence[np.ndarray], truth: Sequence[np.ndarray]) -> float:
    """The ratio in dB of the median photo; `UNCHANGED` at most, and lower without end where a value is none."""
    ratios = []
    for one, right in zip(found, truth, strict=True):
        noise = float(np.square(one.astype(np.float64) - right).sum())
        signal = float(np.square(right.astype(np.float64)).sum())
        if not np.isfinite(noise):
            ratios.append(-UNCHANGED)
            continue
        ratios.append(10 * np.log10(max(signal, 1e-30) / max(noise, 1e-30)))
    return float(np.clip(np.median(ratios), -UNCHANGED, UNCHANGED))


def ranked(costs: Mapping[str, float], types: Mapping[str, str]) -> list[dict[str, Any]]:
    """The layers, the costliest first; those of one cost in the order of the network."""
    order = sorted(costs, key=lambda name: costs[name])
    return [{"name": name, "type": types[name], "snr_db": round(costs[name], 2)} for name in order]


def flat(outputs: Iterable[np.ndarray]) -> np.ndarray:
    """All outputs of one photo side by side, float64."""
    return np.concatenate([np.asarray(one, np.float64).ravel() for one in outputs])
