import pytest

from edgekit.report.verdicts import milliseconds


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.04, "0.0"), (0.93, "0.9"), (22.64, "22.6"), (99.96, "100"), (103.8, "104"), (9999.4, "9999"), (12345.0, "12s")],
)
def test_latencies_keep_their_width(value: float, expected: str) -> None:
    assert milliseconds(value) == expected
    assert len(expected) <= 4
