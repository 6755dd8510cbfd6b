"""Is a reference as exact as FP32, or has TF32 or FP16 crept in? Measured against the float64 oracle.

The yardstick is Paddle's own FP32 error on this machine's CPU for the very same program and inputs. TF32 and FP16
keep 10 bits of mantissa where FP32 keeps 23 (units of rounding 2^-11 and 2^-24), so their error is larger by up to
2^13. docs/parity.md has the formulas, their source and the measurements.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgekit.parity import Tolerance, metrics
from edgekit.parity.limits import RMS_FLOOR_SHARE
from edgekit.parity.metrics import Array
from edgekit.parity.values import COARSE_SIGMOID, Digits, compared, scales
from edgekit.parity.verdict import OutputKind
from edgekit.reference.description import Exactness

if TYPE_CHECKING:
    from edgekit.reference.description import MeasuredPart

Arrays = Mapping[str, np.ndarray]

UNIT_FP32 = 2.0**-24
UNIT_TEN_BITS = 2.0**-11
LARGEST_RATIO = UNIT_TEN_BITS / UNIT_FP32
"""8192: what ten bits of mantissa cost where every rounding of FP32 becomes one of TF32."""
SMALLEST_RATIO = LARGEST_RATIO / 32
"""256: products are rounded once in TF32, and their sums in FP32 as before, so the ratio is smaller the more FP32's
own error comes from sums. Six networks gave 990 to 3,700 (docs/parity.md)."""
GRAVITY: tuple[Exactness, ...] = ("fp32", "inexact", "tf32", "fp16", "wrong")


@dataclass(frozen=True)
class Measured:
    """One output of a reference: relative errors against the oracle, beside those of Paddle in FP32.

    `ratio` is that of the root mean squares.
    """

    exactness: Exactness
    max_relative: float
    rms_relative: float
    paddle_max_relative: float
    paddle_rms_relative: float

    @property
    def ratio(self) -> float:
        """How many times Paddle's FP32 error (at least one unit of rounding) it is."""
        return self.rms_relative / max(self.paddle_rms_relative, UNIT_FP32)

    def as_part(self) -> "MeasuredPart":
        """As a bundle's description holds it."""
        from edgekit.reference.description import MeasuredPart

        return MeasuredPart(
            self.exactness, self.max_relative, self.rms_relative, self.paddle_max_relative, self.paddle_rms_relative
        )

    def sentence(self) -> str:
        """What the figures mean."""
        figures = f"{self.rms_relative:.1e} off the float64 oracle, {self.ratio:,.0f} times Paddle's FP32 rounding"
        if self.exactness == "fp32":
            return f"as exact as FP32 ({self.rms_relative:.1e} off the float64 oracle, {self.ratio:.1f} times Paddle)"
        meaning = {
            "inexact": "too much for FP32, and too little for TF32 or FP16 throughout: some of it was computed in less",
            "tf32": "what TF32's 10 bits of mantissa cost (FP16 inside looks the same)",
            "fp16": "and every value is one of FP16: what FP16 costs",
            "wrong": "more than TF32 or FP16 cost: BF16, another model or input, or wrong",
        }
        return f"{figures}: {meaning[self.exactness]}"


class Incomparable(ValueError):
    """The outputs are not those of this program on these inputs; the message says which and why."""


def measure(
    outputs: Arrays, paddle: Arrays, oracle: Arrays, tolerance: Tolerance, kinds: Mapping[str, OutputKind] | None = None
) -> dict[str, Measured]:
    """What each output of a reference is worth: [N, C] arrays by name, of the reference, of Paddle in FP32, and of the
    oracle in float64.

    Raises Incomparable for other names or shapes, and for values that are not finite.
    """
    if sorted(outputs) != sorted(oracle):
        raise Incomparable(
            f"its outputs are {', '.join(sorted(outputs))}, and the program's {', '.join(sorted(oracle))}"
        )
    return {
        name: measure_output(
            name, (outputs[name], paddle[name], oracle[name]), tolerance, (kinds or {}).get(name, "logits")
        )
        for name in sorted(oracle)
    }


def measure_output(
    name: str, arrays: tuple[np.ndarray, np.ndarray, np.ndarray], tolerance: Tolerance, kind: OutputKind
) -> Measured:
    """`measure` for one output."""
    ours, _, truth = arrays
    if ours.shape != truth.shape:
        raise Incomparable(f"its output {name} is {list(ours.shape)}, and the program's {list(truth.shape)}")
    if not np.isfinite(ours).all():
        raise Incomparable(f"its output {name} holds NaN or infinity")
    rows = [np.asarray(values, np.float64).reshape(len(truth), -1) for values in arrays]
    coarse = Digits.of("fp32", COARSE_SIGMOID)
    rows = [
        compared(values, rows[2], kind, "fp32", digits)
        for values, digits in zip(rows, (coarse, coarse.of_paddle, coarse), strict=True)
    ]
    scale = scales(rows[2], kind)
    found, noise = (
        (metrics.max_relative(values, rows[2], scale), metrics.rms_relative(values, rows[2], scale))
        for values in rows[:2]
    )
    return Measured(exactness_of(found, noise, ours, tolerance), *found, *noise)


def exactness_of(
    found: tuple[float, float], noise: tuple[float, float], values: Array | np.ndarray, tolerance: Tolerance
) -> Exactness:
    """FP32 where an artifact with these errors (max, rms) would pass as FP32; else what else it looks like."""
    limits = (tolerance.floor, tolerance.floor * RMS_FLOOR_SHARE)
    if all(
        error <= max(tolerance.noise_factor * own, floor)
        for error, own, floor in zip(found, noise, limits, strict=True)
    ):
        return "fp32"
    ratio = found[1] / max(noise[1], UNIT_FP32)
    if ratio > LARGEST_RATIO:
        return "wrong"
    if is_fp16(values):
        return "fp16"
    return "tf32" if ratio >= SMALLEST_RATIO else "inexact"


def is_fp16(values: np.ndarray) -> bool:
    """Whether every value is one that FP16 has: 13 bits of an FP32 value are then zero, 1 in 8192 by chance."""
    single = np.asarray(values, np.float32)
    with np.errstate(over="ignore"):
        return bool(np.array_equal(single, single.astype(np.float16).astype(np.float32)))


def worst(measured: Mapping[str, Measured]) -> Measured:
    """The output that counts: the gravest."""
    return max(measured.values(), key=lambda one: (GRAVITY.index(one.exactness), one.rms_relative))
