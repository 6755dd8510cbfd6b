"""A body is what has come, in parts of any size, announced or not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.converters.loading import load

Body = load("serving", "body").Body


@given(parts=st.lists(st.binary(max_size=9), max_size=9), announced=st.booleans(), cut=st.integers(0, 9))
def test_parts_make_the_whole(parts: list[bytes], announced: bool, cut: int) -> None:
    body = Body(sum(map(len, parts)) if announced else 0)
    for part in parts[:cut]:
        body.add(part)
    whole = b"".join(parts[:cut])
    assert (bytes(body.content()), body.size) == (whole, len(whole))


def test_more_than_was_announced_is_no_body() -> None:
    body = Body(3)
    body.add(b"ab")
    with pytest.raises(ValueError, match="lvalue"):
        body.add(b"cd")
    assert bytes(body.content()) == b"ab"
