import pytest

from edgekit.quantities.sizes import readable_size


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (28_512, "28.5 kB"),
        (999_600, "1 MB"),
        (10_512_345, "10.5 MB"),
        (2**31, "2.15 GB"),
    ],
)
def test_sizes(count: int, expected: str) -> None:
    assert readable_size(count) == expected
