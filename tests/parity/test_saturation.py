"""Layers of an INT8 artifact that leave the range of its calibration are named, with both ranges."""

import pytest

from edgekit.parity.ranges import Ranges, TensorRange
from edgekit.parity.saturation import Integers, beyond_integers, saturation_words


def tensor(name: str, low: float | None, high: float | None, photos=None, *, folded: bool = False) -> TensorRange:
    return TensorRange(name, "relu", folded, low, high, 4, photos)


def found(golden: TensorRange, calibration: TensorRange):
    return beyond_integers(Ranges(10, (golden,)), Ranges(32, (calibration,)), Integers())


@pytest.mark.parametrize(
    ("golden", "calibrated", "share"),
    [
        ((0.0, 15.0), (0.0, 10.0), None),  # exactly half of its width
        ((0.0, 15.1), (0.0, 10.0), 0.51),
        ((-16.0, 10.0), (-5.0, 15.0), 0.55),
        ((-3.0, 9.0), (-5.0, 15.0), None),
        # Ranges hold zero, whatever the values: integers have a zero.
        ((5.0, 7.0), (5.0, 5.1), None),
        ((0.0, 1e-6), (0.0, 0.0), float("inf")),
    ],
)
def test_how_far_a_layer_leaves_the_range_counts_in_widths(golden, calibrated, share) -> None:
    beyond = found(tensor("a", *golden), tensor("a", *calibrated))
    assert [pytest.approx(one.share) for one in beyond] == ([] if share is None else [share])


def test_synthetic_inputs_count_for_nothing_where_photos_are_told_apart() -> None:
    assert found(tensor("a", 0.0, 100.0, (0.0, 9.0)), tensor("a", 0.0, 10.0)) == []
    (one,) = found(tensor("a", 0.0, 100.0, (0.0, 40.0)), tensor("a", 0.0, 10.0))
    assert one.share == 3.0


def test_what_no_engine_holds_and_what_is_not_finite_does_not_count() -> None:
    assert found(tensor("a", 0.0, 100.0, folded=True), tensor("a", 0.0, 1.0)) == []
    assert found(tensor("a", None, None), tensor("a", 0.0, 1.0)) == []
    assert found(tensor("a", 0.0, 1.0), tensor("a", None, None)) == []


def test_the_range_of_the_integers_goes_before_that_of_the_calibration() -> None:
    golden = Ranges(10, (tensor("a", 0.0, 8.0), tensor("b", 0.0, 9.0)))
    calibration = Ranges(32, (tensor("a", 0.0, 10.0), tensor("b", 0.0, 1.0)))
    assert [one.layer.name for one in beyond_integers(golden, calibration, Integers({"weights": (0.0, 4.0)}))] == ["b"]
    # What has no integers is not cut off.
    for beside in (calibration, None):
        (one,) = beyond_integers(golden, beside, Integers({"a": (0.0, 4.0)}))
        assert (one.allowed, one.chosen, one.share) == ((0.0, 4.0), True, 1.0)
        assert saturation_words([one], 32) == (
            "layer a (relu) takes 0 to 8 on the golden photos, and its integers hold 0 to 4: INT8 cuts off what is "
            "beyond; calibrate it on photos like those that it will see, and judge it by such (--golden DIR)"
        )
    assert beyond_integers(golden, None, Integers()) == []
    # Unless not all names are known.
    some = Integers({"a": (0.0, 4.0)}, complete=False)
    found = beyond_integers(golden, calibration, some)
    assert [(one.layer.name, one.chosen) for one in found] == [("a", True), ("b", False)]


def test_the_layer_that_leaves_it_most_is_named_and_others_are_counted() -> None:
    golden = Ranges(10, (tensor("a", 0.0, 16.0), tensor("b", -30.0, 9.0), tensor("c", 0.0, 1.0)))
    calibration = Ranges(32, (tensor("a", 0.0, 10.0), tensor("b", -1.0, 9.0), tensor("c", 0.0, 1.0)))
    assert saturation_words(beyond_integers(golden, calibration, Integers()), 32) == (
        "layer b (relu) takes -30 to 9 on the golden photos, and -1 to 9 on 32 of the calibration (and 1 more of its "
        "layers): INT8 may cut off what is beyond; calibrate it on photos like those that it will see, and judge it by "
        "such (--golden DIR)"
    )
    assert saturation_words([], 32) == ""
