"""Integers that stand for a part of a parameter: a projection that was made for queries, keys and values together."""

import numpy as np
import pytest
from edgeworker.ledger.account import Account, account
from edgeworker.ledger.stored import Quantised, Stored

from tests.converters.lib.ledger.programs import folded, small_program

PARTS = 3


def eight_bits(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Integers of a matrix and the scale of each of its rows."""
    scales = np.abs(values).max(axis=1) / 127
    return np.rint(values / scales[:, None]).astype(np.int8), scales.astype(np.float64)


def accounted(integers: list[np.ndarray], scales: list[np.ndarray], from_largest: int | None = None) -> Account:
    program, parameters = small_program()
    weight, bias = folded(parameters)
    stored = [Stored("conv.weight", "conv", weight), Stored("conv.bias", "conv", bias)]
    for number, (values, scale) in enumerate(zip(integers, scales, strict=True)):
        quantised = Quantised(scale, np.zeros(1), from_largest=from_largest)
        stored.append(Stored(f"part{number}", "product", values, quantised=quantised))
    return account(stored, program, parameters)


@pytest.fixture
def parts() -> tuple[list[np.ndarray], list[np.ndarray]]:
    turned = np.ascontiguousarray(small_program()[1]["fc.w"].T)
    pairs = [eight_bits(one) for one in np.split(turned, PARTS)]
    return [integers for integers, _ in pairs], [scales for _, scales in pairs]


@pytest.mark.parametrize("from_largest", [None, 127])
def test_parts_that_make_up_the_whole_are_explained(parts, from_largest) -> None:
    found = accounted(*parts, from_largest=from_largest)
    assert found.explained["a part of, transposed, in 8 bits"] == PARTS
    assert "fc.w" not in found.unused
    assert not found.unexplained


def test_a_missing_part_leaves_the_parameter_unused(parts) -> None:
    integers, scales = parts
    found = accounted(integers[:-1], scales[:-1])
    assert not found.unexplained
    assert "fc.w" in found.unused


@pytest.mark.parametrize("seed", range(20))
def test_a_changed_integer_and_a_changed_scale_are_found(parts, seed) -> None:
    integers, scales = parts
    random = np.random.default_rng(seed)
    number, row = int(random.integers(PARTS)), int(random.integers(len(integers[0])))
    if seed % 2:
        column = int(random.integers(integers[0].shape[1]))
        integers[number][row, column] += 2 if integers[number][row, column] < 100 else -2
    else:
        scales[number][row] *= random.choice([0.9, 1.1, 2])
    found = accounted(integers, scales)
    assert [one.name for one in found.unexplained] == [f"part{number}"]
    assert "fc.w" in found.unused


def test_a_scale_that_is_not_from_the_largest_of_its_part_is_found(parts) -> None:
    integers, scales = parts
    integers[1], scales[1] = np.rint(integers[1] / 2).astype(np.int8), scales[1] * 2
    found = accounted(integers, scales, from_largest=127)
    assert [one.name for one in found.unexplained] == ["part1"]
