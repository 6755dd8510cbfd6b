import pytest

from edgekit.matrix.estimate import Estimate, stage_cost
from edgekit.pipeline.outcome import Event
from edgekit.pipeline.stage import Stage, StageFile


class Named(Stage):
    """A stage whose key is its worker: these tests have no converters."""

    key = property(lambda self: f"{self.about} {self.worker}")  # type: ignore[assignment]


def stages(model: str) -> list[Stage]:
    first = Named("a/convert.py", model)
    return [first, Named("a/run.py", model, {"x": StageFile(first)})]


def finish(estimate: Estimate, stage: Stage, *, started: bool = True) -> None:
    if started:
        estimate.observe(Event("started", stage))
    estimate.observe(Event("finished", stage))


@pytest.fixture
def estimate() -> Estimate:
    made = Estimate(started=100.0)
    for group, cost in (("small", 1.0), ("big", 10.0)):
        made.expect(group, "a/convert.py", cost)
        made.expect(group, "a/run.py", cost)
        made.own(group, stages(group)[1:])
    return made


def test_nothing_is_promised_before_anything_is_done(estimate: Estimate) -> None:
    assert estimate.seconds_left(now=150.0) is None


def test_what_is_left_takes_as_long_as_what_is_done_by_its_cost(estimate: Estimate) -> None:
    convert, run = stages("small")
    finish(estimate, convert)
    assert estimate.seconds_left(now=103.0) == pytest.approx(3.0 * 21)
    finish(estimate, run)
    assert estimate.seconds_left(now=104.0) == pytest.approx(4.0 / 2 * 20)


def test_what_was_in_the_cache_was_no_work(estimate: Estimate) -> None:
    for stage in stages("big"):
        finish(estimate, stage, started=False)
    assert estimate.seconds_left(now=110.0) is None
    finish(estimate, stages("small")[0])
    assert estimate.seconds_left(now=110.0) == pytest.approx(10.0)


def test_a_group_that_is_over_costs_no_more(estimate: Estimate) -> None:
    finish(estimate, stages("small")[0])
    estimate.drop("big")
    assert estimate.seconds_left(now=105.0) == pytest.approx(5.0)


def test_bigger_models_cost_more() -> None:
    assert stage_cost(128, run=True) > 5 * stage_cost(12, run=True)
    assert stage_cost(12, run=True) > stage_cost(12, run=False) > 0
