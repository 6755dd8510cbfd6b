"""Kernels of convolutions side by side in one tensor: explained as the program has them, and noticed where changed."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from edgeworker.ledger.account import account
from edgeworker.ledger.side_by_side import WIDEST, joined, widened
from edgeworker.ledger.stored import Stored
from edgeworker.paddle_program import new_program

from tests.converters.lib.ledger.programs import add_op

SHAPES = [(2, 1, 3, 3), (3, 1, 5, 5), (2, 1, 7, 7)]


def program(axis: int = 1) -> tuple[Any, dict[str, np.ndarray]]:
    """split -> depthwise convolutions -> concat -> batch_norm, and its parameters."""
    random = np.random.default_rng(0)
    parameters = {f"k{number}": random.normal(0, 1, shape) for number, shape in enumerate(SHAPES)}
    parameters |= {name: random.uniform(0.5, 2, 7) for name in ("scale", "bias", "mean", "variance")}
    made = new_program()
    block = made.blocks[0]
    add_op(block, "split", {"X": ["x"]}, "p0", axis=axis)
    block.ops[-1].outputs[0].arguments.extend(["p1", "p2"])
    for number in range(3):
        add_op(block, "depthwise_conv2d", {"Input": [f"p{number}"], "Filter": [f"k{number}"]}, f"c{number}")
    add_op(block, "concat", {"X": ["c0", "c1", "c2"]}, "j", axis=axis)
    norm = {"X": ["j"], "Scale": ["scale"], "Bias": ["bias"], "Mean": ["mean"], "Variance": ["variance"]}
    add_op(block, "batch_norm", norm, "n", epsilon=1e-5)
    return made, {name: value.astype(np.float32) for name, value in parameters.items()}


def plain() -> dict[str, np.ndarray]:
    """As a tool stores it that does not fold: the joined kernels, the batch norm's own tensors."""
    _, parameters = program()
    kernels = joined([parameters[f"k{number}"] for number in range(3)])
    assert kernels is not None
    return {"kernels": kernels, **{name: parameters[name] for name in ("scale", "bias", "mean", "variance")}}


def folded() -> dict[str, np.ndarray]:
    """The same with the batch norm inside, as a tool computes it in FP32."""
    stored = plain()
    factor = stored["scale"] / np.sqrt(stored["variance"] + np.float32(1e-5))
    return {
        "kernels": stored["kernels"] * factor[:, None, None, None],
        "bias": stored["bias"] - stored["mean"] * factor,
    }


def told(stored: dict[str, np.ndarray], axis: int = 1):
    return account((Stored(name, name, values) for name, values in stored.items()), *program(axis))


def test_joined_kernels_are_explained() -> None:
    found = told(plain())
    assert (found.unexplained, found.unused) == ([], [])
    assert found.explained == {"side by side of": 1, "the same as": 4}
    found = told(folded())
    assert (found.unexplained, found.unused) == ([], [])
    assert found.explained == {"batch norm folded into, side by side, of": 1, "batch norm's shift": 1}


CHANGES: dict[str, Callable[[np.ndarray], None]] = {
    "x1.01": lambda k: k.__setitem__(3, k[3] * np.float32(1.01)),
    "x1.00001": lambda k: k.__setitem__(0, k[0] * np.float32(1.00001)),
    "channels swapped": lambda k: k.__setitem__(slice(0, 2), k[[1, 0]]),
    "a zero that is none": lambda k: k.__setitem__((0, 0, 0, 0), 1e-6),
    "a kernel moved": lambda k: k.__setitem__(0, np.roll(k[0], 1, axis=2)),
    "a corner lost": lambda k: k.__setitem__((5, 0, 0, 0), 0),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("made", [plain, folded])
def test_no_change_goes_through(made: Callable, change: str) -> None:
    stored = made()
    stored["kernels"] = stored["kernels"].copy()
    CHANGES[change](stored["kernels"])
    found = told(stored)
    assert [one.name for one in found.unexplained] == ["kernels"]
    assert found.unexplained[0].nearest == "k0"
    assert {"k0", "k1", "k2"} <= set(found.unused)


def test_kernels_in_another_order_come_from_nowhere() -> None:
    _, parameters = program()
    stored = plain()
    other = joined([parameters["k2"], parameters["k1"], parameters["k0"]])
    assert other is not None
    stored["kernels"] = other
    assert [one.name for one in told(stored).unexplained] == ["kernels"]


def test_what_is_not_along_the_channels_is_not_joined() -> None:
    assert [one.name for one in told(plain(), axis=2).unexplained] == ["kernels"]


def test_kernels_without_a_common_middle_are_not_joined() -> None:
    assert joined([np.zeros((1, 1, 3, 3)), np.zeros((1, 1, 4, 4))]) is None
    assert joined([np.zeros((1, 1, 3, 3)), np.zeros((1, 2, 3, 3))]) is None


def grouped(groups: int = 2) -> tuple[Any, dict[str, np.ndarray]]:
    """A convolution of groups of one pixel, 6 of 4 channels, and its parameters."""
    made = new_program()
    add_op(made.blocks[0], "conv2d", {"Input": ["x"], "Filter": ["k"]}, "c", groups=groups)
    return made, {"k": np.random.default_rng(1).normal(0, 1, (6, 4 // groups, 1, 1)).astype(np.float32)}


def test_groups_on_the_diagonal_are_explained() -> None:
    made, parameters = grouped()
    kernels = parameters["k"]
    dense = np.zeros((6, 4, 1, 1), np.float32)
    dense[:3, :2], dense[3:, 2:] = kernels[:3], kernels[3:]
    found = account([Stored("dense", "c", dense)], made, parameters)
    assert (found.unexplained, found.unused) == ([], [])
    assert found.explained == {"side by side of": 1}
    for place, value in (((0, 2), 1e-6), ((5, 3), dense[5, 3] * np.float32(1.00001)), ((1, 0), 0)):
        wrong = dense.copy()
        wrong[place] = value
        assert [one.name for one in account([Stored("dense", "c", wrong)], made, parameters).unexplained] == ["dense"]


def test_adjacent_groups_lie_on_a_diagonal_each_in_its_own_place() -> None:
    """As a convolution would multiply them: each row of the wide kernels has its channels where they are read."""
    kernels = np.random.default_rng(2).normal(0, 1, (8, 3, 2, 2))
    two, four = widened(kernels, 4)
    assert (two.shape, four.shape) == ((8, 6, 2, 2), (8, 12, 2, 2))
    for row in range(8):
        group = row // 2
        for wide, together in ((two, 2), (four, 4)):
            columns = slice(group % together * 3, group % together * 3 + 3)
            np.testing.assert_array_equal(wide[row, columns], kernels[row])
            assert np.count_nonzero(wide[row]) == np.count_nonzero(kernels[row])


def test_depthwise_and_wide_kernels_are_not_widened() -> None:
    assert not list(widened(np.zeros((6, 1, 3, 3)), 6))
    assert not list(widened(np.zeros((2, WIDEST, 1, 1)), 2))
    assert not list(widened(np.zeros((6, 4, 1, 1)), 1))
