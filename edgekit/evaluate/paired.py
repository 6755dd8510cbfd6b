"""Two models on the same photos: the difference of their shares of right answers, with an interval.

The photos are counted in four cells: both right, only the first, only the second, neither. A photo on which the two
agree says nothing of the difference, so the interval is far narrower than that of two samples.
"""

from dataclasses import dataclass
from math import ceil, exp, lgamma, log, sqrt

Z95 = 1.959963984540054
"""The 97.5 % point of the normal distribution: intervals of 95 %."""
MOST_PHOTOS = 1e9


@dataclass(frozen=True)
class Cells:
    """How many photos `both` models, only the `first`, only the `second`, or `neither` answer right."""

    both: float
    first: float
    second: float
    neither: float

    @property
    def photos(self) -> float:
        """All of them."""
        return self.both + self.first + self.second + self.neither

    @property
    def difference(self) -> float:
        """The first's share of right answers less the second's."""
        return (self.first - self.second) / self.photos

    def scaled(self, factor: float) -> "Cells":
        """The same shares of other numbers."""
        return Cells(self.both * factor, self.first * factor, self.second * factor, self.neither * factor)


def wilson(right: float, photos: float, z: float = Z95) -> tuple[float, float]:
    """Wilson's score interval of a share, from 0 to 1 without any photo.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927), 209-212.
    """
    if photos <= 0:
        return 0.0, 1.0
    share = right / photos
    centre = (share + z * z / (2 * photos)) / (1 + z * z / photos)
    half = z * sqrt(share * (1 - share) / photos + z * z / (4 * photos * photos)) / (1 + z * z / photos)
    return max(0.0, centre - half), min(1.0, centre + half)


def newcombe(cells: Cells, z: float = Z95) -> tuple[float, float]:
    """The interval of the difference, by Newcombe's square-and-add with Wilson's limits (his method 10).

    R. G. Newcombe, "Improved confidence intervals for the difference between binomial proportions based on paired
    data", Statistics in Medicine 17 (1998), 2635-2650; the correlation has his correction for continuity. From -1 to 1.
    """
    n = cells.photos
    if n <= 0:
        return -1.0, 1.0
    first, second = cells.both + cells.first, cells.both + cells.second
    below_1, above_1 = (abs(first / n - limit) for limit in wilson(first, n, z))
    below_2, above_2 = (abs(second / n - limit) for limit in wilson(second, n, z))
    phi = correlation(cells)
    difference = cells.difference
    low = difference - sqrt(max(0.0, below_1**2 - 2 * phi * below_1 * above_2 + above_2**2))
    high = difference + sqrt(max(0.0, above_1**2 - 2 * phi * above_1 * below_2 + below_2**2))
    return max(-1.0, low), min(1.0, high)


def correlation(cells: Cells) -> float:
    """The cells' phi coefficient, a positive one lessened by the correction for continuity; 0 where it has none."""
    rows = (cells.both + cells.first) * (cells.second + cells.neither)
    columns = (cells.both + cells.second) * (cells.first + cells.neither)
    if rows * columns <= 0:
        return 0.0
    product = cells.both * cells.neither - cells.first * cells.second
    if product > 0:
        product = max(0.0, product - cells.photos / 2)
    return product / sqrt(rows * columns)


def mcnemar(cells: Cells) -> float:
    """The exact two-sided p-value of no difference: a binomial test of the photos on which one alone is right.

    Q. McNemar, "Note on the sampling error of the difference between correlated proportions or percentages",
    Psychometrika 12 (1947), 153-157, with the binomial distribution in the place of its limit.
    """
    apart = round(cells.first + cells.second)
    fewer = round(min(cells.first, cells.second))
    if apart == 0:
        return 1.0
    terms = (lgamma(apart + 1) - lgamma(k + 1) - lgamma(apart - k + 1) - apart * log(2) for k in range(fewer + 1))
    return min(1.0, 2 * sum(map(exp, terms)))


@dataclass(frozen=True)
class Decision:
    """Whether a drop is `below` a margin, or `above` it, or `open`; then about how many photos `more` would tell.

    `more` is None where no number would: the drop is the margin.
    """

    state: str
    more: int | None = None


def decide(cells: Cells, margin: float, z: float = Z95) -> Decision:
    """Compare a drop's interval with `margin` (a share), and estimate what is lacking.

    The estimate supposes that more photos have the same shares in the four cells.
    """
    if (side := _side(cells, margin, z)) != "open":
        return Decision(side)
    if cells.photos <= 0 or cells.difference == margin:
        return Decision("open")
    factor = 2.0
    while _side(cells.scaled(factor), margin, z) == "open":
        factor *= 2
        if cells.photos * factor > MOST_PHOTOS:
            return Decision("open")
    low, high = factor / 2, factor
    while (high - low) * cells.photos > 0.5:
        middle = (low + high) / 2
        if _side(cells.scaled(middle), margin, z) == "open":
            low = middle
        else:
            high = middle
    return Decision("open", max(1, ceil(cells.photos * (high - 1))))


def _side(cells: Cells, margin: float, z: float) -> str:
    low, high = newcombe(cells, z)
    if high < margin:
        return "below"
    return "above" if low > margin else "open"
