"""What a layer's integers hold follows from its scale and its zero point, as ONNX Runtime's quantiser names them."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from edgekit.parity.saturation import Integers
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
    found = integer_ranges(tmp_path)
    assert found.complete
    assert found.extents == {
        "a": (pytest.approx(-27.5), pytest.approx(100.0)),
        "b": (pytest.approx(-32.0), pytest.approx(31.75)),
    }


def test_other_quantisers_name_some_layers_as_the_program_does(tmp_path: Path) -> None:
    save_file(
        {
            "relu_0.tmp_0/fq_output_0/input_low": np.zeros((1, 1), np.float32),
            "relu_0.tmp_0/fq_output_0/input_high": np.full((1, 1), 4.5, np.float32),
            "conv/fq_weights_1/input_low": np.zeros(3, np.float32),
            "half/fq_output_0/input_low": np.zeros(1, np.float32),
        },
        tmp_path / RECORD,
    )
    assert integer_ranges(tmp_path) == Integers({"relu_0.tmp_0": (0.0, 4.5)}, complete=False)
    save_file(
        {
            "relu_0.tmp_0/int8.scale": np.array([0.5], np.float32),
            "relu_0.tmp_0/int8.zero_point": np.array([-128], np.int64),
            "filter/int8.scale": np.ones(4, np.float32),
            "filter/int8.zero_point": np.zeros(4, np.int64),
        },
        tmp_path / RECORD,
    )
    assert integer_ranges(tmp_path) == Integers({"relu_0.tmp_0": (0.0, 127.5)}, complete=False)


def test_a_quantisation_without_such_a_record_tells_nothing(tmp_path: Path) -> None:
    assert integer_ranges(tmp_path).extents == {}
    save_file({"scales": np.ones(3, np.float32)}, tmp_path / RECORD)
    assert integer_ranges(tmp_path).extents == {}
