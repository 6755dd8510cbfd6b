"""The statistics of paired answers, against published examples and other people's implementations."""

import pytest

from edgekit.evaluate.paired import Cells, decide, mcnemar, newcombe, wilson


@pytest.mark.parametrize(
    ("right", "photos", "low", "high"),
    [
        # statsmodels 0.15.0, proportion_confint(..., method="wilson")
        (812, 1000, 0.7866068125887822, 0.8350052901162315),
        (0, 20, 0.0, 0.1611251580528194),
        (20, 20, 0.8388748419471804, 1.0),
    ],
)
def test_wilson(right: int, photos: int, low: float, high: float) -> None:
    assert wilson(right, photos) == pytest.approx((low, high), abs=1e-12)


@pytest.mark.parametrize(
    ("cells", "low", "high"),
    [
        # Newcombe (1998), table II, method 10: the example 36, 12, 2, 0
        (Cells(36, 12, 2, 0), 0.0569, 0.3404),
        # Fagerland, Lydersen, Laake, "Recommended tests and confidence intervals for paired binomial proportions",
        # Statistics in Medicine 33 (2014): airway hyper-responsiveness before and after a transplantation
        (Cells(1, 1, 7, 12), -0.507, -0.026),
    ],
)
def test_newcombes_published_examples(cells: Cells, low: float, high: float) -> None:
    assert newcombe(cells) == pytest.approx((low, high), abs=6e-4)


def test_exchanging_the_models_mirrors_the_interval() -> None:
    low, high = newcombe(Cells(790, 9, 3, 198))
    assert newcombe(Cells(790, 3, 9, 198)) == pytest.approx((-high, -low), abs=1e-12)


@pytest.mark.parametrize(
    ("cells", "p"),
    [
        # statsmodels 0.15.0, mcnemar(..., exact=True)
        (Cells(1, 1, 7, 12), 0.0703125),
        (Cells(790, 5, 3, 202), 0.7265625),
        (Cells(4000, 60, 95, 845), 0.006132892626972146),
        (Cells(5, 0, 0, 5), 1.0),
    ],
)
def test_mcnemar(cells: Cells, p: float) -> None:
    assert mcnemar(cells) == pytest.approx(p, rel=1e-9)


def test_pairs_are_far_narrower_than_two_samples() -> None:
    low, high = newcombe(Cells(790, 5, 3, 202))
    alone = wilson(795, 1000)
    assert high - low < 0.4 * (alone[1] - alone[0])


def test_so_many_more_photos_decide() -> None:
    cells = Cells(390, 1, 0, 109)
    decision = decide(cells, 0.005)
    assert decision.state == "open" and decision.more is not None
    enough = (cells.photos + decision.more) / cells.photos
    assert newcombe(cells.scaled(enough))[1] < 0.005
    almost = (cells.photos + decision.more - 3) / cells.photos
    assert newcombe(cells.scaled(almost))[1] > 0.005 - 1e-5


def test_decisions_are_the_intervals() -> None:
    assert decide(Cells(9000, 0, 0, 1000), 0.005).state == "below"
    assert decide(Cells(700, 100, 0, 200), 0.005).state == "above"
    # the drop is the margin itself: no number of photos parts them
    assert decide(Cells(700, 50, 45, 205), 0.005).more is None
    assert decide(Cells(0, 0, 0, 0), 0.005).state == "open"
