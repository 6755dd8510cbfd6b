"""Two convolutions in a row as one: explained where both are in it, and nowhere else."""

import numpy as np
import pytest
from edgeworker.ledger.account import Account, account
from edgeworker.ledger.stored import Stored
from edgeworker.paddle_program import new_program

from tests.converters.lib.ledger.programs import add_op


def program(strides: int = 1):
    """conv2d [6,3,3,3] -> batch_norm -> conv2d [8,6,1,1] -> + bias; and its parameters."""
    random = np.random.default_rng(0)
    parameters = {
        "one.w": random.normal(0, 1, (6, 3, 3, 3)),
        "bn.scale": random.uniform(0.5, 2, 6),
        "bn.bias": random.normal(0, 1, 6),
        "bn.mean": random.normal(0, 1, 6),
        "bn.variance": random.uniform(0.1, 3, 6),
        "two.w": random.normal(0, 1, (8, 6, 1, 1)),
        "two.b": random.normal(0, 1, 8),
    }
    made = new_program()
    block = made.blocks[0]
    add_op(block, "conv2d", {"Input": ["x"], "Filter": ["one.w"]}, "c", strides=[2, 2], paddings=[1, 1])
    norm = {"X": ["c"], "Scale": ["bn.scale"], "Bias": ["bn.bias"], "Mean": ["bn.mean"], "Variance": ["bn.variance"]}
    add_op(block, "batch_norm", norm, "n", epsilon=1e-5)
    block.ops[-1].outputs[0].parameter = "Y"
    add_op(block, "conv2d", {"Input": ["n"], "Filter": ["two.w"]}, "d", strides=[strides] * 2, paddings=[0, 0])
    add_op(block, "elementwise_add", {"X": ["d"], "Y": ["two.b"]}, "y")
    return made, {name: value.astype(np.float32) for name, value in parameters.items()}


def as_one(p: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """As a tool merges them, in FP32."""
    factor = p["bn.scale"] / np.sqrt(p["bn.variance"] + np.float32(1e-5))
    matrix = p["two.w"][:, :, 0, 0]
    weight = np.einsum("oi,icyx->ocyx", matrix, p["one.w"] * factor[:, None, None, None])
    return {"w": weight, "b": matrix @ (p["bn.bias"] - p["bn.mean"] * factor) + p["two.b"]}


def accounted(stored: dict[str, np.ndarray], strides: int = 1) -> Account:
    made, parameters = program(strides)
    return account((Stored(name, name, values) for name, values in stored.items()), made, parameters)


def test_both_are_in_one() -> None:
    found = accounted(as_one(program()[1]))
    assert (found.unexplained, found.unused) == ([], [])
    assert found.explained == {"two convolutions merged of": 1, "two convolutions' bias of": 1}


@pytest.mark.parametrize("name", ["w", "b"])
def test_a_changed_channel_is_not_explained(name: str) -> None:
    stored = as_one(program()[1])
    stored[name] = stored[name].copy()
    stored[name][3] *= np.float32(1.01)
    assert [one.name for one in accounted(stored).unexplained] == [name]


def test_one_that_skips_pixels_is_not_merged() -> None:
    assert len(accounted(as_one(program()[1]), strides=2).unexplained) == 2
