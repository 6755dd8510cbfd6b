import pytest

from edgekit.data.disjoint import check_disjoint
from edgekit.errors import UsageError

CALIBRATION = {"a.jpg": "11", "b.jpg": "22", "c.jpg": "33"}


def test_other_photos_are_no_fault() -> None:
    check_disjoint(CALIBRATION, {"a.jpg": "44", "d.jpg": "55"}, "to verify")
    check_disjoint({}, CALIBRATION, "to verify")


def test_a_shared_photo_is_named_on_both_sides_whatever_it_is_called() -> None:
    with pytest.raises(UsageError, match=r"z.jpg is to be used to evaluate.*calibrated on it \(as b.jpg\)\."):
        check_disjoint(CALIBRATION, {"a.jpg": "44", "z.jpg": "22"}, "to evaluate")


def test_several_are_counted() -> None:
    with pytest.raises(UsageError, match=r"\(as a.jpg\), and 2 more"):
        check_disjoint(CALIBRATION, {"x": "11", "y": "22", "z": "33"}, "to evaluate")
