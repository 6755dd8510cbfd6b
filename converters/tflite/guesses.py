"""A pass of onnx2tf that guesses, turned off.

`probable_nhwc_axis_sanitizer` takes every image of more than four rows and at most eight columns for one with its
channels last, and splits or joins it along its columns; an image of 8 x 8 with its channels first is one, too (onnx2tf
2.6.9; CSPDarkNet53). What the pass is meant to repair does not come of ONNX models that are fixed in all shapes.
"""

from typing import Any

from onnx2tf.tflite_builder.passes import (
    terminal_affine_concat_split_recovery_orchestration as after_sums,
)
from onnx2tf.tflite_builder.passes import (
    terminal_slice_concat_recovery_orchestration as after_slices,
)

_PASS = "sanitize_probable_nhwc_axis_sensitive_ops"
_COUNTERS = ("sanitized_probable_nhwc_axis_sensitive_ops", "inserted_probable_nhwc_terminal_transposes")


def turn_off() -> None:
    """Make the pass do nothing in this process. Raises AttributeError where onnx2tf has it no longer."""
    for module in (after_sums, after_slices):
        getattr(module, _PASS)
        setattr(module, _PASS, _nothing)


def _nothing(_: Any) -> dict[str, int]:
    return dict.fromkeys(_COUNTERS, 0)
