from edgekit.ledger.ledger import Ledger, Unexplained


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
