"""What plots of pages share: SVG, drawn without a screen, and the same for the same figures."""

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LONGEST = 22
"""Letters of a class's name beside a plot."""
BLUE, ORANGE, GREY, RED, GREEN = "#2b6cb0", "#dd6b20", "#a0aec0", "#c53030", "#2f855a"


def svg(figure: "Figure") -> str:
    """The figure as an SVG element to be put into a page."""
    import matplotlib as mpl

    written = io.StringIO()
    # Letters stay letters, in the page's own font; names are those of the content, not of the moment.
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "edgekit"}):
        figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    text = written.getvalue()
    return text[text.index("<svg") :]


def new_figure(width: float, height: float, columns: int = 1, rows: int = 1) -> "tuple[Figure, list[Axes]]":
    """A figure of that size in inches with axes beside and below each other, row by row."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({"font.size": 9}):
        figure = Figure(figsize=(width, height), layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False)
    return figure, list(axes.ravel())


def plain(text: str) -> str:
    """A stranger's word beside a plot: short, and no formula, which matplotlib makes of what lies between dollars."""
    from edgekit.untrusted.wording import harmless

    short = harmless(text)
    return (short if len(short) <= LONGEST else f"{short[: LONGEST - 1]}…").replace("$", r"\$")


def tidy(axes: "Axes") -> None:
    """Without a box, with a faint grid."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)
    axes.set_axisbelow(True)
