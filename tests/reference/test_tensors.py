"""Inputs in a bundle: the same bits, smaller."""

import numpy as np
import pytest

from edgekit.inputs.golden import golden_inputs
from edgekit.inputs.preprocessing import Preprocessing
from edgekit.reference.tensors import LEVELS, PALETTE, VALUES, pack_inputs, tensor_sha256, unpack_inputs


def test_golden_inputs_survive_in_less_than_half_their_size() -> None:
    golden = golden_inputs(Preprocessing(resize_short=64, crop=64), "x")
    packed = pack_inputs(golden.tensors)
    assert packed[LEVELS + "x"].shape == (8, 3, 64, 64)  # the photos; the synthetic samples have too many values
    assert packed[VALUES + "x"].shape == (2, 3, 64, 64)
    assert np.array_equal(unpack_inputs(packed)["x"].view(np.uint32), golden.tensors["x"].view(np.uint32))
    assert sum(value.nbytes for value in packed.values()) < 0.42 * golden.tensors["x"].nbytes


@pytest.mark.parametrize("levels", [1, 256, 257])
def test_any_tensor_survives(levels: int) -> None:
    rng = np.random.default_rng(levels)
    table = rng.standard_normal(levels).astype(np.float32)
    table[0] = -0.0
    tensor = table[rng.integers(0, levels, (3, 2, 40, 40))]
    tensor[0, 0, 0, :2] = [0.0, -0.0]
    back = unpack_inputs(pack_inputs({"x": tensor}))["x"]
    assert back.dtype == np.float32
    assert np.array_equal(back.view(np.uint32), tensor.view(np.uint32))


@pytest.mark.parametrize(
    ("part", "value"),
    [
        (PALETTE, np.zeros((1, 256), np.float32)),
        (PALETTE, None),
        (LEVELS, np.zeros((2, 3, 4), np.uint8)),
        (LEVELS, np.zeros((2, 3, 4, 4), np.float32)),
        (VALUES, np.zeros((1, 3, 5, 4), np.float32)),
    ],
)
def test_parts_that_do_not_fit_are_refused(part: str, value: np.ndarray | None) -> None:
    packed = pack_inputs({"x": np.zeros((2, 3, 4, 4), np.float32)})
    if value is None:
        del packed[part + "x"]
    else:
        packed[part + "x"] = value
    with pytest.raises(ValueError, match="x"):
        unpack_inputs(packed)


def test_a_hash_tells_name_shape_and_values_apart() -> None:
    values = np.arange(6, dtype=np.float32)
    hashes = {
        tensor_sha256("a", values.reshape(2, 3)),
        tensor_sha256("b", values.reshape(2, 3)),
        tensor_sha256("a", values.reshape(3, 2)),
        tensor_sha256("a", -values.reshape(2, 3)),
    }
    assert len(hashes) == 4
    assert tensor_sha256("a", np.asfortranarray(values.reshape(2, 3))) in hashes
