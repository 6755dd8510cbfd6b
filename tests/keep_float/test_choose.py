"""Which layers are given back: the fewest of the costliest that keep the drop."""

from collections.abc import Callable, Sequence

import pytest

from edgekit.errors import ConversionError, UsageError
from edgekit.keep_float.choose import Measured, by_count, by_drop
from edgekit.keep_float.wish import FloatWish, float_wish
from edgekit.pipeline.float_layers import FloatLayer
from edgekit.pipeline.target import targets

RANKING = [FloatLayer(f"layer {number}", 20.0 + number) for number in range(40)]
ONNX = targets()["onnx"]


def needing(count: int, tried: list[int]) -> Callable[[Sequence[str]], Measured]:
    """A network whose drop is 2 points until `count` of its layers are in floating point."""

    def measure(names: Sequence[str]) -> Measured:
        assert list(names) == [layer.name for layer in RANKING[: len(names)]]
        tried.append(len(names))
        points = 0.2 if len(names) >= count else 2.0
        return Measured(points, points - 1, points + 1, "top-1", 500)

    return measure


@pytest.mark.parametrize("count", range(21))
def test_the_fewest_layers_that_keep_the_drop_are_found(count: int) -> None:
    tried: list[int] = []
    found = by_drop(RANKING, FloatWish(max_drop=0.5, data="photos"), ONNX, needing(count, tried))
    assert found.layers == tuple(RANKING[:count])
    assert (found.drop, found.drop_of_all, found.photos, found.ranked) == (0.2, 2.0 if count else 0.2, 500, 40)
    assert len(tried) == len(set(tried)) <= 10


def test_where_half_of_the_layers_are_too_few_it_says_how_far_it_came() -> None:
    with pytest.raises(
        ConversionError, match=r"with the 20 costliest of 40 layers .* top-1 is 2.00 points, more than 0.5"
    ):
        by_drop(RANKING, FloatWish(max_drop=0.5, data="photos"), ONNX, needing(21, []))


def test_as_many_as_asked_for_stay() -> None:
    assert by_count(RANKING, FloatWish(count=3), ONNX).layers == tuple(RANKING[:3])
    with pytest.raises(UsageError, match="onnx quantises 40 layers of this model, and 40 are to stay in FP32"):
        by_count(RANKING, FloatWish(count=40), ONNX)


def test_flags() -> None:
    assert float_wish("a, b", None, None) == FloatWish(("a", "b"))
    assert float_wish("12", None, None) == FloatWish(count=12)
    assert float_wish(None, 0.5, "photos") == FloatWish(max_drop=0.5, data="photos")
    assert not float_wish(None, None, None).ranks
    for given, message in (
        (("3", 0.5, "photos"), "--max-drop has edgekit choose them"),
        ((None, 0.5, None), "measured on photos that nothing was calibrated on"),
        ((None, None, "photos"), "no drop is said"),
        ((None, -1.0, "photos"), "no drop in percentage points"),
    ):
        with pytest.raises(UsageError, match=message):
            float_wish(*given)
