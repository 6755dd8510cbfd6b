import msgspec
import pytest

from edgekit.parity import Tolerance


def test_usual_tolerance_needs_no_reason() -> None:
    assert msgspec.convert({}, Tolerance) == Tolerance()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"noise_factor": 20.0}, "needs a reason"),
        ({"max_relative": 0.1, "min_top1_agreement": 1.0}, "needs a reason"),
        ({"max_relative": 0.1, "reason": "  "}, "needs a reason"),
        ({"noise_factor": 0.5, "reason": "x"}, "as good as the reference"),
        ({"floor": 0.0, "reason": "x"}, "must rise"),
        ({"floor": 0.1, "reason": "x"}, "must rise"),
        ({"max_relative": 2.0, "reason": "x"}, "between 0 and 1"),
        ({"min_top1_agreement": 95.0, "reason": "x"}, "not a share"),
        ({"noise": 3.0}, "unknown field"),
    ],
)
def test_bad_limits(fields: dict, message: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=message):
        msgspec.convert(fields, Tolerance)


def test_reason_makes_other_limits_good() -> None:
    tolerance = msgspec.convert(
        {"max_relative": 0.1, "min_top1_agreement": 0.9, "reason": "8-bit weights and activations"}, Tolerance
    )
    assert tolerance.max_relative == 0.1
