"""A Paddle 3 program in Paddle 2's words: enough for the ledger to explain what a converter stores of it."""

import numpy as np
import pytest
from edgeworker.ledger.account import Account, account
from edgeworker.ledger.job import program_of
from edgeworker.ledger.stored import Stored
from edgeworker.paddle_program import ops

pytestmark = pytest.mark.toolchain


@pytest.fixture(scope="module")
def plain(adopt, run_worker):
    """The convolution with a batch norm and a classifier: its description and its parameters."""
    _, program = adopt("plain")
    details, output = run_worker("paddle3/describe.py", {"program": program}, {})
    assert details["foreign"] == []
    return program_of(program, output)


def folded(program, parameters: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The convolution's weight and bias with the batch norm inside, in FP32."""
    (norm,) = ops(program, {"batch_norm"})
    read = {slot.parameter: slot.arguments[0] for slot in norm.desc.inputs}
    slots = {slot: parameters[name] for slot, name in read.items() if name in parameters}
    (weight,) = (one for one in parameters.values() if one.ndim == 4)
    (bias,) = (one for name, one in parameters.items() if one.shape == (8,) and name.startswith("conv2d"))
    factor = slots["Scale"] / np.sqrt(slots["Variance"] + np.float32(1e-5))
    return weight * factor[:, None, None, None], (bias - slots["Mean"]) * factor + slots["Bias"]


def explained(plain, weight: np.ndarray, bias: np.ndarray) -> Account:
    program, parameters = plain
    rest = [Stored(name, name, value) for name, value in parameters.items() if name.startswith("linear")]
    return account([Stored("w", "Conv", weight), Stored("b", "Conv", bias), *rest], program, parameters)


def test_a_fold_is_explained_by_the_description(plain) -> None:
    weight, bias = folded(*plain)
    found = explained(plain, weight, bias)
    assert (found.stored, found.unexplained, found.unused) == (4, [], [])
    assert found.explained["batch norm folded into"] == 1
    weight[3] *= np.float32(1.01)
    assert [one.name for one in explained(plain, weight, bias).unexplained] == ["w"]


def test_an_operator_that_paddle_2_does_not_have_keeps_its_name_and_its_numbers(run_worker, exported) -> None:
    """Nothing needs to be translated in full: what else the program says is said all the same."""
    details, output = run_worker("paddle3/describe.py", {"program": exported / "unusual"}, {})
    assert "lgamma" in details["foreign"]
    program, _ = program_of(exported / "unusual", output)
    assert {op.desc.type for op in ops(program)} >= set(details["foreign"])
