"""What a test is marked to need of the system: its lack is not passed over in CI."""

from types import SimpleNamespace
from typing import Any

import pytest

from conftest import pytest_runtest_setup


def needing(*programs: str) -> Any:
    """A test with this mark."""
    return SimpleNamespace(iter_markers=lambda name: [pytest.mark.needs(*programs).mark] if name == "needs" else [])


def test_what_is_missing_fails_in_ci_and_skips_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    test = needing("sh", "no-such-program")
    monkeypatch.setenv("CI", "1")
    with pytest.raises(pytest.fail.Exception, match="no-such-program: not here"):
        pytest_runtest_setup(test)
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match="no-such-program: not here"):
        pytest_runtest_setup(test)


def test_what_is_here_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "1")
    pytest_runtest_setup(needing("sh"))
    pytest_runtest_setup(needing())
