"""The plots of an evaluation."""

from collections.abc import Sequence

from edgekit.evaluate.figures import Evaluation, Figures
from edgekit.report.evaluation_text import class_title
from edgekit.report.plots import BLUE, GREEN, GREY, ORANGE, RED, new_figure, plain, svg, tidy

MOST_CLASSES = 20
"""Of a confusion of flips: those with the most flips."""
MOST_BESIDE = 4
"""Reliability diagrams in a row."""
COLOURS = {"below": GREEN, "above": RED, "open": ORANGE}


def drops_plot(evaluation: Evaluation) -> str:
    """Every model's drop with its interval beside the margin; nothing where no drop is known."""
    models = [one for one in evaluation.models if (one.map_drop or one.drop) is not None]
    if not models:
        return ""
    figure, (axes,) = new_figure(7.2, 0.9 + 0.38 * len(models))
    margin = 0.0
    for place, model in enumerate(models):
        drop = model.map_drop or model.drop
        assert drop is not None  # as chosen above
        margin = drop.margin
        colour = COLOURS[drop.state]
        axes.plot([drop.low, drop.high], [place, place], color=colour, linewidth=2)
        axes.plot([drop.points], [place], "o", color=colour)
    axes.axvline(0, color=GREY, linewidth=1)
    axes.axvline(margin, color=RED, linewidth=1, linestyle="--")
    axes.set_yticks(range(len(models)), [plain(one.name) for one in models])
    axes.set_ylim(len(models) - 0.5, -0.5)
    axes.set_xlabel(f"drop against the reference, percentage points, 95 % interval; dashed: {margin:g}")
    tidy(axes)
    return svg(figure)


def reliability_plot(evaluation: Evaluation) -> str:
    """How often answers are right by how sure they are, every model beside the diagonal; nothing without labels."""
    models = [one for one in evaluation.models if one.bins]
    if not models:
        return ""
    columns = min(len(models), MOST_BESIDE)
    rows = -(-len(models) // columns)
    figure, all_axes = new_figure(2.5 * columns + 0.4, 2.9 * rows, columns, rows)
    for axes in all_axes[len(models) :]:
        axes.set_visible(False)
    for axes, model in zip(all_axes, models, strict=False):
        width = 1 / len(model.bins)
        centres = [(place + 0.5) * width for place in range(len(model.bins))]
        shares = [one.photos / max(1, model.photos) for one in model.bins]
        axes.bar(centres, shares, width, color=GREY, alpha=0.5)
        axes.bar(centres, [one.accuracy for one in model.bins], 0.7 * width, color=BLUE, alpha=0.85)
        axes.plot([0, 1], [0, 1], color=RED, linewidth=1, linestyle="--")
        axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="probability of the answer")
        axes.set_title(f"{plain(model.name)}\nECE {100 * (model.ece or 0):.1f} %", fontsize=9)
        axes.set_aspect("equal")
        tidy(axes)
    all_axes[0].set_ylabel("share right (blue), of photos (grey)")
    return svg(figure)


def flips_plot(evaluation: Evaluation, model: Figures) -> str:
    """Which classes become which, of those with the most flips; nothing where no class changes."""
    import numpy as np

    if not model.flips:
        return ""
    weight: dict[int, int] = {}
    for flip in model.flips:
        for index in (flip.before, flip.after):
            weight[index] = weight.get(index, 0) + flip.photos
    shown = sorted(sorted(weight, key=lambda index: (-weight[index], index))[:MOST_CLASSES])
    place = {index: at for at, index in enumerate(shown)}
    table = np.zeros((len(shown), len(shown)))
    for flip in model.flips:
        if flip.before in place and flip.after in place:
            table[place[flip.before], place[flip.after]] = flip.photos
    side = 1.8 + 0.28 * len(shown)
    figure, (axes,) = new_figure(side + 0.8, side)
    names = [plain(class_title(evaluation, index)) for index in shown]
    axes.imshow(np.where(table > 0, table, np.nan), cmap="YlOrRd", vmin=0, vmax=max(1.0, table.max()))
    for (row, column), value in np.ndenumerate(table):
        if value:
            dark = value > 0.6 * table.max()
            axes.text(column, row, f"{value:.0f}", ha="center", va="center", color="white" if dark else "black")
    axes.set_xticks(range(len(shown)), names, rotation=90)
    axes.set_yticks(range(len(shown)), names)
    axes.set(xlabel=plain(model.name), ylabel="reference")
    return svg(figure)


def labels_plot(evaluation: Evaluation) -> str:
    """The average precision of every label by every model; nothing for a model of one class a photo."""
    models = [one for one in evaluation.models if any(label.average_precision is not None for label in one.labels)]
    if not models:
        return ""
    shown: Sequence[int] = range(min(2 * MOST_CLASSES, len(models[0].labels)))
    figure, (axes,) = new_figure(7.2, 1.0 + 0.22 * len(shown))
    for number, model in enumerate(models):
        values = [100 * (model.labels[index].average_precision or 0) for index in shown]
        places = [index + 0.18 * (number - (len(models) - 1) / 2) for index in shown]
        axes.plot(values, places, "o", markersize=4, label=plain(model.name))
    axes.set_yticks(list(shown), [plain(class_title(evaluation, index)) for index in shown])
    axes.set_ylim(len(shown) - 0.5, -0.5)
    axes.set_xlabel("average precision, %")
    axes.legend(frameon=False, fontsize=8)
    tidy(axes)
    return svg(figure)
