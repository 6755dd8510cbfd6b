"""What Paddle's bicubic interpolation computes: tables of positions are enlarged by it before anything runs."""

import numpy as np

# Keys' parameter, as Paddle has it (get_cubic_upsample_coefficients in phi/kernels/funcs/interpolate_function.h).
_A = -0.75
_TAPS = 4


def bicubic(
    value: np.ndarray, height: int, width: int, *, align_corners: bool, scales: tuple[float, ...] = ()
) -> np.ndarray:
    """`value` [N, C, H, W] as [N, C, height, width].

    `scales` are those of height and width where the operator says them, which count more than the sizes then. After
    R. Keys, "Cubic Convolution Interpolation for Digital Image Processing" (1981), eq. 15, with a = -0.75; the border
    repeats.
    """
    scales = (scales or (0.0, 0.0)) if len(scales) != 1 else scales * 2
    rows = _weights(value.shape[2], height, align_corners, scales[0])
    columns = _weights(value.shape[3], width, align_corners, scales[1])
    return np.einsum("yh,nchw,xw->ncyx", rows, value, columns, optimize=True).astype(value.dtype)


def _weights(size: int, wanted: int, align_corners: bool, scale: float) -> np.ndarray:
    """[wanted, size]: how much of each point goes into each point of the result."""
    weights = np.zeros((wanted, size))
    # Paddle keeps the ratio in single precision, whatever the values are in.
    if align_corners:
        ratio = np.float32((size - 1) / (wanted - 1)) if wanted > 1 else np.float32(0)
        place = (ratio * np.arange(wanted, dtype=np.float32)).astype(np.float64)
    else:
        ratio = np.float32(0.0 if wanted <= 1 else 1 / np.float32(scale) if scale > 0 else size / wanted)
        place = np.float64(ratio) * (np.arange(wanted) + 0.5) - 0.5
    first = np.floor(place).astype(np.int64)
    part = place - first
    factors = (_far(part + 1), _near(part), _near(1 - part), _far(2 - part))
    for tap, factor in zip(range(-1, _TAPS - 1), factors, strict=True):
        np.add.at(weights, (np.arange(wanted), np.clip(first + tap, 0, size - 1)), factor)
    return weights


def _near(distance: np.ndarray) -> np.ndarray:
    """Up to 1 away."""
    return ((_A + 2) * distance - (_A + 3)) * distance**2 + 1


def _far(distance: np.ndarray) -> np.ndarray:
    """From 1 to 2 away."""
    return ((_A * distance - 5 * _A) * distance + 8 * _A) * distance - 4 * _A
