"""Settings of a runtime, as a runner takes them."""

import pytest
from edgeworker.refusal import Refusal
from edgeworker.runner import names_of, precision_of, settings_of


def test_threads_are_at_most_what_the_run_was_given() -> None:
    assert settings_of({"threads": 2}, {}) == {"threads": 2}
    assert settings_of({"threads": 2, "settings": {"threads": 1}}, {}) == {"threads": 1}
    assert settings_of({"threads": 2, "settings": {"threads": 64}}, {}) == {"threads": 2}
    assert settings_of({"threads": 2, "settings": {"threads": 0}}, {}) == {"threads": 1}


def test_known_settings_are_passed_on() -> None:
    assert settings_of({"settings": {"winograd": False}}, {"winograd": bool}) == {"winograd": False, "threads": 2}


@pytest.mark.parametrize("given", [{"wino": False}, {"winograd": 0}, {"winograd": "no"}, {"threads": True}])
def test_others_are_refused(given: dict) -> None:
    with pytest.raises(Refusal, match="has no setting"):
        settings_of({"settings": given}, {"winograd": bool})


def test_a_precision_that_the_runner_does_not_know_is_refused() -> None:
    assert precision_of({}, ("fp32", "fp16")) == "fp32"
    assert precision_of({"precision": "fp16"}, ("fp32", "fp16")) == "fp16"
    with pytest.raises(Refusal, match="takes models in fp32, fp16, not int4") as caught:
        precision_of({"precision": "int4"}, ("fp32", "fp16"))
    assert caught.value.kind == "input"


def test_names_are_the_same_where_nothing_is_said() -> None:
    assert names_of({"inputs": None, "outputs": {"logits": "out0"}}) == ({}, {"logits": "out0"})
