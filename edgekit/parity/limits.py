"""What the errors of an output may be: from the reference's own in FP32, and from the recipe in lower precisions."""

import msgspec

from edgekit.parity.tolerance import Tolerance
from edgekit.parity.verdict import ErrorFigures, Precision

RMS_FLOOR_SHARE = 0.2
"""The floor of the RMS error over that of the largest: rounding errors measured 5 to 6 apart
(docs/parity.md)."""


class Limits(msgspec.Struct, frozen=True):
    """Relative errors are this at most, and the ratio of signal to noise this at least."""

    max: float
    rms: float | None
    min_snr_db: float | None
    """Of the median sample."""

    @classmethod
    def of(cls, noise: ErrorFigures, tolerance: Tolerance, precision: Precision) -> "Limits":
        """Where the reference is off by `noise`."""
        if precision != "fp32":
            assert tolerance.max_relative is not None
            return cls(tolerance.max_relative, None, tolerance.min_snr_db)
        return cls(
            max(tolerance.noise_factor * noise.max_relative, tolerance.floor),
            max(tolerance.noise_factor * noise.rms_relative, tolerance.floor * RMS_FLOOR_SHARE),
            None,
        )


def falls_short(snr_db: float | None, least: float | None) -> bool:
    """Whether a ratio of signal to noise is less than it must be; none is without noise, or without a limit."""
    return snr_db is not None and least is not None and snr_db < least
