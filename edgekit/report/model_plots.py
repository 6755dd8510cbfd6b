"""The plots of a model's page: how far every target is off, by sample and by class."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from edgekit.report.plots import BLUE, GREEN, GREY, ORANGE, RED, new_figure, plain, svg, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from edgekit.parity.by_value import ByValue
    from edgekit.parity.verdict import OutputFigures

MOST_NAMED = 24
"""So many classes have their names below a plot; more have their numbers."""
SMALLEST = 1e-12
"""Where an error is none at all, a logarithm has nothing to show."""
COLOURS = {"passed": GREEN, "failed": RED, "not run": ORANGE}


def overview_plot(rows: "Sequence[tuple[str, str, OutputFigures]]") -> str:
    """One line for each `(name, status, figures)`: its error, the reference's, and the limit; nothing without lines."""
    if not rows:
        return ""
    figure, (axes,) = new_figure(7.6, 0.8 + 0.34 * len(rows))
    every = [
        value
        for _, _, figures in rows
        for value in (figures.against_oracle.max_relative, figures.noise.max_relative, figures.max_threshold)
        if value > SMALLEST
    ]
    # Where there is no error at all, its mark stands at the edge.
    edge = min(every, default=SMALLEST) / 4
    for place, (_, status, figures) in enumerate(rows):
        error, noise, limit = figures.against_oracle.max_relative, figures.noise.max_relative, figures.max_threshold
        axes.plot([edge, max(limit, edge)], [place, place], color=GREY, linewidth=7, alpha=0.25)
        axes.plot([max(limit, edge)], [place], "|", color=RED, markersize=15, markeredgewidth=2)
        axes.plot([max(noise, edge)], [place], "o", color=GREY, markersize=6)
        axes.plot([max(error, edge)], [place], "o", color=COLOURS[status], markersize=8, clip_on=False)
    axes.set_xscale("log")
    axes.set_xlim(edge, max(every, default=1.0) * 3)
    axes.set_yticks(range(len(rows)), [plain(name) for name, _, _ in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlabel("largest relative error against the float64 oracle; grey: the reference's own; red line: the limit")
    tidy(axes)
    return svg(figure)


def values_plot(values: "ByValue", figures: "OutputFigures", names: Sequence[str], status: str) -> str:
    """Errors of one output by sample, and beside it by class, label or component; `names` [C] where they are known."""
    figure, (by_sample, by_class) = new_figure(10.4, 3.1, columns=2)
    colour = COLOURS.get(status, BLUE)
    samples_part(by_sample, values, figures, colour)
    classes_part(by_class, values, figures, names, colour)
    decades(by_sample, by_class)
    return svg(figure)


def decades(*every: "Axes") -> None:
    """The same errors at the same height in all of them, whole decades alone with a number."""
    from matplotlib.ticker import NullFormatter

    lowest, highest = min(axes.get_ylim()[0] for axes in every), max(axes.get_ylim()[1] for axes in every)
    for axes in every:
        # At least one decade above and below has its number.
        axes.set_ylim(min(lowest, highest / 20), highest * 1.5)
        axes.yaxis.set_minor_formatter(NullFormatter())


def samples_part(axes: "Axes", values: "ByValue", figures: "OutputFigures", colour: str) -> None:
    """The largest error of each sample, over its values."""
    import numpy as np

    places, counted = np.arange(len(values.labels)), list(values.counted)
    ours, theirs = (np.maximum(np.abs(errors).max(axis=1), SMALLEST) for errors in both(values))
    axes.plot(places, theirs, "o", color=GREY, markersize=5, label="reference")
    axes.plot(counted, ours[counted], "o", color=colour, markersize=6, label="this target")
    if others := [place for place in places if place not in counted]:
        axes.plot(others, ours[others], "o", color=colour, fillstyle="none", markersize=6, label="does not count")
    axes.axhline(figures.max_threshold, color=RED, linewidth=1, linestyle="--", label="limit")
    axes.set_xticks(places, [plain(label) for label in values.labels], rotation=45, ha="right")
    axes.set_yscale("log")
    axes.set_title("by sample", fontsize=9, loc="left")
    axes.legend(
        frameon=False,
        fontsize=8,
        ncols=4,
        columnspacing=1,
        handletextpad=0.3,
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
    )
    tidy(axes)


def classes_part(axes: "Axes", values: "ByValue", figures: "OutputFigures", names: Sequence[str], colour: str) -> None:
    """The largest error of each class (label, component), over the samples that count."""
    import numpy as np

    counted = list(values.counted)
    ours, theirs = (np.maximum(np.abs(errors[counted]).max(axis=0), SMALLEST) for errors in both(values))
    places = np.arange(len(ours))
    if len(ours) <= MOST_NAMED:
        axes.plot(places, theirs, "o", color=GREY, markersize=5)
        axes.plot(places, ours, "o", color=colour, markersize=6)
        axes.set_xticks(places, [plain(name_of(names, place)) for place in range(len(ours))], rotation=45, ha="right")
    else:
        # One path each: a point for each of a thousand classes would make the page heavy.
        axes.step(places, theirs, color=GREY, linewidth=0.7, where="mid")
        axes.step(places, ours, color=colour, linewidth=0.7, where="mid")
        axes.set_xlabel(
            {"features": "component", "sigmoid": "number of the label"}.get(figures.kind, "number of the class")
        )
    axes.axhline(figures.max_threshold, color=RED, linewidth=1, linestyle="--")
    axes.set_yscale("log")
    what = {"features": "by component", "sigmoid": "by label"}.get(figures.kind, "by class")
    axes.set_title(what, fontsize=9, loc="left")
    tidy(axes)


def both(values: "ByValue") -> tuple:
    """Relative errors of the target and of the reference, [N, C] each."""
    return values.errors, values.reference_errors


def name_of(names: Sequence[str], index: int) -> str:
    """A class's name, or its number."""
    return names[index] if index < len(names) else str(index)
