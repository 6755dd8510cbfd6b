import pytest

from edgekit.quantities.durations import readable_duration


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, "–"), (12.4, "12 s"), (59.9, "60 s"), (300, "5 min"), (3900, "1 h 05 min")]
)
def test_durations(seconds: float | None, text: str) -> None:
    assert readable_duration(seconds) == text
