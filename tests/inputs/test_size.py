"""Sizes as people and files write them."""

import pytest

from edgekit.inputs.size import Size


@pytest.mark.parametrize(("text", "size"), [("224", (224, 224)), ("80x160", (80, 160)), ("80 X 160", (80, 160))])
def test_height_comes_first(text: str, size: tuple[int, int]) -> None:
    assert Size.parse(text) == size
    assert Size.parse(str(Size(*size))) == size


@pytest.mark.parametrize("text", ["", "x", "80x", "x80", "-80", "80x160x3", "80.5", "8 0", "٨٠", "1" * 9])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a size"):
        Size.parse(text)


def test_a_square_is_one_number() -> None:
    assert (Size.of(64), Size.of([80, 160]), Size.of(64).short, Size.of([80, 160]).short) == (
        (64, 64), (80, 160), 64, [80, 160],
    )  # fmt: skip
    with pytest.raises(ValueError, match=r"\[1, 2, 3\] is not a size"):
        Size.of([1, 2, 3])
