"""Integers that stand for numbers of the program are explained, and those for other numbers, or coarsely, are not."""

from typing import Any

import numpy as np
import pytest
from edgeworker.ledger.account import Account, account
from edgeworker.ledger.stored import Quantised, Stored

from tests.converters.lib.ledger.programs import add_op, small_program

FAULT = "times its scale it is no parameter of the program, to within half a step"
# The program's factor and epsilon, and numbers of formulas.
NUMBERS = [0.125, 1e-5, 0.5, 1.0, -1.0, 1 / 6, 3.0]


def asymmetric(values: np.ndarray) -> tuple[np.ndarray, Quantised]:
    """As ONNX Runtime writes a constant: in unsigned 8 bits, over its range with zero in it."""
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    scale = np.float32((high - low) / 255) if high > low else np.float32(1)
    zero = np.uint8(np.rint(-low / scale))
    integers = np.clip(np.rint(values / scale) + zero, 0, 255).astype(np.uint8)
    return integers, Quantised(np.atleast_1d(scale), np.atleast_1d(zero))


def symmetric(values: np.ndarray) -> tuple[np.ndarray, Quantised]:
    """In signed 8 bits, with as many steps on both sides of zero."""
    scale = np.float32(np.abs(values).max() / 127)
    return np.rint(values / scale).astype(np.int8), Quantised(np.atleast_1d(scale), np.zeros(1, np.int8))


def account_of(integers: np.ndarray, quantised: Quantised, program: Any = None) -> Account:
    own, parameters = small_program()
    return account([Stored("k", "Mul m", integers, quantised=quantised)], program or own, parameters)


@pytest.mark.parametrize("kind", [asymmetric, symmetric])
@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_of_the_program_is_explained(number: float, kind: Any) -> None:
    found = account_of(*kind(np.array(number)))
    assert (found.unexplained, found.explained) == ([], {"a number of the operators, in 8 bits": 1})


@pytest.mark.parametrize("kind", [asymmetric, symmetric])
def test_a_few_numbers_are_explained(kind: Any) -> None:
    assert account_of(*kind(np.array([[1.0, -1.0, 0.5, 0.0]]))).unexplained == []
    (wrong,) = account_of(*kind(np.array([[1.0, -1.0, 0.7, 0.0]]))).unexplained
    assert wrong.fault == FAULT


def test_zeros_are_explained_by_the_scale_of_no_range_alone() -> None:
    integers, quantised = asymmetric(np.zeros(3))
    assert account_of(integers, quantised).unexplained == []
    (wrong,) = account_of(integers, Quantised(np.array([0.5 / 255]), quantised.zero_point)).unexplained
    assert wrong.fault == FAULT


def test_a_long_constant_must_be_one_that_the_program_fills() -> None:
    integers, quantised = asymmetric(np.full((4, 10), 0.125))
    assert account_of(integers, quantised).unexplained
    program, _ = small_program()
    add_op(program.blocks[0], "fill_constant", {}, "filled", shape=[40], value=0.125)
    assert account_of(integers, quantised, program).unexplained == []
    integers.flat[39] -= 1
    assert account_of(integers, quantised, program).unexplained


@pytest.mark.parametrize("kind", [asymmetric, symmetric])
@pytest.mark.parametrize("number", [0.13, 0.126, 0.51, 1.02, 1.1e-5, 0.9e-5, 7.0])
def test_another_number_is_not(number: float, kind: Any) -> None:
    (wrong,) = account_of(*kind(np.array(number))).unexplained
    assert (wrong.name, wrong.fault) == ("k", FAULT)


def test_a_small_integer_is_too_coarse_to_be_a_number() -> None:
    """11 of 255 steps to 3 are 0.129, which is 0.125 to within half a step."""
    integers, quantised = asymmetric(np.array(3.0))
    assert abs(11 * quantised.scale[0] - 0.125) < 0.5 * quantised.scale[0]
    (wrong,) = account_of(np.full_like(integers, 11), quantised).unexplained
    assert wrong.fault == FAULT


@pytest.mark.parametrize("kind", [asymmetric, symmetric])
@pytest.mark.parametrize("seed", range(60))
def test_no_damage_of_a_number_passes(seed: int, kind: Any) -> None:
    """A scale off by more than half a step, a shifted zero point, another integer."""
    random = np.random.default_rng(seed)
    integers, quantised = kind(np.array(random.choice(NUMBERS)))
    scale, zero = quantised.scale.copy(), quantised.zero_point.copy()
    change = ("scale", "zero", "integer")[seed % 3]
    if change == "scale":
        scale *= np.float32(random.choice([0.5001, 0.99, 1.01, 1.1, -1, 0, np.nan, np.inf]))
    elif change == "zero":
        zero = zero + 1 if zero[0] == 0 else zero - 1
    else:
        other = np.arange(np.iinfo(integers.dtype).min, np.iinfo(integers.dtype).max + 1)
        # The same number with the other sign is one of the program's too.
        other = other[np.abs(other.astype(int) - int(zero[0])) != abs(int(integers) - int(zero[0]))]
        integers = np.array(random.choice(other), integers.dtype)
    found = account_of(integers, Quantised(scale, zero))
    assert [one.name for one in found.unexplained] == ["k"], (change, integers, scale, zero)
