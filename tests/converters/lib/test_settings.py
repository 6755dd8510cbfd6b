"""Settings of a runtime, as a runner takes them."""

import pytest
from edgeworker.refusal import Refusal
from edgeworker.runner import settings_of


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
