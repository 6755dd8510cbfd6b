import pytest

from edgekit.artifact.manifest import VariantVerdict
from edgekit.errors import ConversionError, EdgekitError, UsageError, WorkerError
from edgekit.ledger.ledger import Ledger, Unexplained
from edgekit.parity import Verdict
from edgekit.pipeline.store import StageResult
from edgekit.verification.ledger import with_ledger


def test_a_complete_ledger_is_few_words() -> None:
    ledger = Ledger.of({"stored": 302, "explained": {"the same as": 302}})
    assert ledger.complete
    assert ledger.sentence == "all 302 stored parameters accounted for"


def test_what_is_not_accounted_for_is_named_with_its_layer() -> None:
    odd = Unexplained("conv_3.weight", "Convolution conv_3", (8, 4), "conv2d_3.w_0", 4)
    ledger = Ledger(10, {"the same as": 9}, (odd,), 1, ("conv2d_3.w_0", "b"), 2)
    assert not ledger.complete
    assert ledger.sentence == (
        "1 of 10 stored parameters come from nowhere in the program, first conv_3.weight of Convolution conv_3, which "
        "differs from conv2d_3.w_0 in 4 of 32 values; 2 of the program's parameters are not in it, first conv2d_3.w_0, "
        "b"
    )


def test_resemblance_to_nothing_is_not_mentioned() -> None:
    odd = Unexplained("w", "Gemm g", (8,), "other", 8)
    assert Ledger(1, {}, (odd,), 1).sentence.endswith("first w of Gemm g")


def test_a_missing_parameter_alone_is_incomplete() -> None:
    ledger = Ledger(1, {"the same as": 1}, unused=("bias",), unused_count=1)
    assert not ledger.complete
    assert ledger.sentence == "1 of the program's parameters are not in it, first bias"


@pytest.mark.parametrize(("excuse", "status"), [("", "failed"), ("not every product is known", "passed")])
def test_an_excuse_is_for_numbers_in_descriptions_and_for_no_tensor(excuse: str, status: str) -> None:
    found = VariantVerdict("", Verdict("passed", "Paddle", "fp32"))
    number = {"name": "mul.b", "layer": "BinaryOp mul", "shape": [1], "nearest": None, "differing": None}
    odd = {"stored": 2, "explained": {"the same as": 1}, "unexplained": [number], "unexplained_count": 1}
    judged = with_ledger(found, result(odd | {"described_count": 1}), excuse).verdict
    assert judged.status == status
    assert "first mul.b of BinaryOp mul" in judged.reason + "".join(judged.warnings)
    missing = {"stored": 1, "explained": {"the same as": 1}, "unused": ["b"], "unused_count": 1}
    for details in (odd, odd | {"unexplained_count": 2, "described_count": 1}, missing, odd | missing):
        assert with_ledger(found, result(details), excuse).verdict.status == "failed"
    assert with_ledger(found, None, excuse) == found


def test_an_account_that_could_not_be_made_fails_where_all_accounts_are_known() -> None:
    found = VariantVerdict("", Verdict("passed", "Paddle", "fp32"))
    error = ConversionError("it is not known whether Foo has weights")
    assert with_ledger(found, error).verdict.status == "failed"
    assert with_ledger(found, error, "because").verdict.warnings == (
        "its parameters could not be accounted for: it is not known whether Foo has weights",
    )


@pytest.mark.parametrize(
    "error", [UsageError("it has 7146 bytes where its layers need 6924"), WorkerError("it crashed")]
)
def test_no_excuse_is_for_a_file_that_does_not_fit_or_breaks_its_reader(error: EdgekitError) -> None:
    found = VariantVerdict("", Verdict("passed", "Paddle", "fp32"))
    assert with_ledger(found, error, "because").verdict.status == "failed"


def result(details: dict) -> StageResult:
    made = object.__new__(StageResult)
    object.__setattr__(made, "details", details)
    return made


def test_where_only_a_part_can_be_read_what_is_not_found_is_no_fault() -> None:
    found = VariantVerdict("", Verdict.not_run("needs a GPU", "its record", "fp32"))
    details = {"stored": 163, "explained": {"the same as": 163}, "unused": ["b"], "unused_count": 9, "partial": "99%"}
    judged = with_ledger(found, result(details))
    assert judged.verdict == found.verdict
    assert judged.ledger is not None
    assert judged.ledger.sentence == "163 stored parameters accounted for, as far as its files allow: 99%"
    odd = {"name": "w", "layer": "engine", "shape": [32], "nearest": "conv.w", "differing": 4}
    damaged = {**details, "unexplained": [odd], "unexplained_count": 1}
    assert with_ledger(found, result(damaged)).verdict.status == "failed"


def test_where_nothing_can_be_read_the_verdict_says_so() -> None:
    found = VariantVerdict("", Verdict.not_run("needs a GPU", "its record", "fp32"))
    details = {"stored": 0, "explained": {}, "unused": ["b"], "unused_count": 9, "partial": "none of them can be read"}
    verdict = with_ledger(found, result(details)).verdict
    assert verdict.status == "not run"
    assert verdict.warnings == ("its parameters could not be accounted for: none of them can be read",)
