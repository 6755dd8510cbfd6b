"""What a layer's integers hold follows from its scale and its zero point, as ONNX Runtime's quantiser names them."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from edgekit.pipeline.lowering import RECORD
from edgekit.verification.integer_ranges import integer_ranges


def test_scale_and_zero_point_say_what_the_integers_hold(tmp_path: Path) -> None:
    save_file(
        {
            "a_scale": np.array([0.5], np.float32),
            "a_zero_point": np.array([55], np.uint8),
            "b_scale": np.array([0.25], np.float32),
            "b_zero_point": np.array([0], np.int8),
            "weight_scale": np.ones(3, np.float32),
            "weight_zero_point": np.zeros(3, np.int8),
            "alone_scale": np.array([1.0], np.float32),
            "real_scale": np.array([1.0], np.float32),
            "real_zero_point": np.array([1.0], np.float32),
        },
        tmp_path / RECORD,
    )
    assert integer_ranges(tmp_path) == {
        "a": (pytest.approx(-27.5), pytest.approx(100.0)),
        "b": (pytest.approx(-32.0), pytest.approx(31.75)),
    }


def test_a_quantisation_without_such_a_record_tells_nothing(tmp_path: Path) -> None:
    assert integer_ranges(tmp_path) == {}
    save_file({"scales": np.ones(3, np.float32)}, tmp_path / RECORD)
    assert integer_ranges(tmp_path) == {}
