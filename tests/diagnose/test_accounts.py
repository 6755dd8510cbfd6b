"""What a diagnosis makes of an account: the layer that stores what comes from nowhere, and the words."""

import pytest

from edgekit.diagnose.accounts import changed_layer
from edgekit.diagnose.causes import unaccounted_words
from edgekit.ledger.ledger import Ledger, Unexplained
from edgekit.pipeline.store import StageResult
from edgekit.verification.ledger import shortfall


def test_the_layer_is_the_one_that_reads_the_first_tensor() -> None:
    odd = Unexplained("conv_3.weight", "Convolution conv_3", (8, 4), "conv2d_3.w_0", 4)
    layer = changed_layer(Ledger(2, {}, (odd,), 1))
    assert layer is not None
    assert (layer.type, layer.name, layer.stands_for) == ("Convolution", "conv_3", "conv2d_3.w_0")
    assert layer.changed_parameters == ("conv_3.weight",)


def test_what_is_only_missing_has_no_layer() -> None:
    assert changed_layer(Ledger(2, {}, unused=("bias",), unused_count=1)) is None


@pytest.mark.parametrize(
    ("fresh", "end"),
    [(None, "but 1 is odd."), (True, "the converter does it."), (False, "is to be converted again.")],
)
def test_what_a_fresh_conversion_makes_tells_who_did_it(fresh: bool | None, end: str) -> None:
    said = unaccounted_words("1 is odd", fresh)
    assert said.startswith("No step parts by more than rounding does, but 1 is odd.")
    assert said.endswith(end)


def account(details: dict) -> StageResult:
    result = object.__new__(StageResult)
    object.__setattr__(result, "details", details)
    return result


def test_verification_and_diagnosis_agree_on_what_fails() -> None:
    complete = account({"stored": 1, "explained": {"the same as": 1}})
    missing = account({"stored": 1, "explained": {"the same as": 1}, "unused": ["b"], "unused_count": 1})
    odd = {"name": "w", "layer": "Conv c", "shape": [8], "nearest": "v", "differing": 1}
    damaged = account({"stored": 1, "explained": {}, "unexplained": [odd], "unexplained_count": 1})
    assert [shortfall(one, "")[1] for one in (complete, missing, damaged)] == [False, True, True]
    assert [shortfall(one, "because")[1] for one in (complete, missing, damaged)] == [False, True, True]
