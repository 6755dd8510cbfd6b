"""An evaluation as a table for a terminal."""

from typing import TYPE_CHECKING

from edgekit.evaluate.figures import Evaluation
from edgekit.report.evaluation_text import (
    class_title,
    drop_interval,
    interval,
    percentage,
    points,
    speed,
    title,
)
from edgekit.report.styled import styled
from edgekit.report.titled_table import titled_table

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

MOST_LABELS = 40


def evaluation_table(evaluation: Evaluation) -> "Table":
    """A row for each model: its figures with their intervals, and what it loses against the reference."""
    multi = evaluation.about.output_kind == "sigmoid"
    table = titled_table(title(evaluation))
    table.add_column("model", overflow="fold")
    names = (
        ["mAP\n%", "all right\n95 %", "drop, points\n95 %"] if multi else ["top-1\n95 %", "drop, points\n95 %", "top-5"]
    )
    for name in (*names, "agrees\n95 %", *(() if multi else ("ECE\n%",)), "photos\n/ s"):
        table.add_column(name, justify="right")
    records = {one.name: one for one in evaluation.about.subjects}
    for model in evaluation.models:
        right = two_lines(percentage(model.top1), interval(model.top1))
        drop = two_lines(points(model.drop), drop_interval(model.drop))
        first = (
            ["" if model.mean_average_precision is None else f"{100 * model.mean_average_precision:.1f}", right, drop]
            if multi
            else [right, drop, percentage(model.top5)]
        )
        error = [] if multi else ["" if model.ece is None else f"{100 * model.ece:.1f}"]
        agrees = two_lines(percentage(model.agreement), interval(model.agreement))
        cells = [*first, agrees, *error, speed(records[model.name])]
        table.add_row(
            two_lines(model.name, model.title), *(styled(one) if isinstance(one, str) else one for one in cells)
        )
    return table


def label_table(evaluation: Evaluation) -> "Table":
    """A row for each label of a multi-label model: its average precision by every model, and what flips."""
    table = titled_table("Labels: average precision, F1 at the threshold, photos that flip")
    table.add_column("label", overflow="fold")
    table.add_column("photos", justify="right")
    for model in evaluation.models:
        table.add_column(model.name, justify="right")
    for index in range(min(MOST_LABELS, evaluation.about.class_count)):
        found = [model.labels[index] for model in evaluation.models]
        cells = [
            " / ".join(
                "–" if value is None else shown
                for value, shown in (
                    (one.average_precision, f"{100 * (one.average_precision or 0):.1f}"),
                    (one.f1, f"{100 * (one.f1 or 0):.1f}"),
                    (one.flips, f"{one.flips}"),
                )
            )
            for one in found
        ]
        table.add_row(styled(class_title(evaluation, index)), str(found[0].positives), *(styled(one) for one in cells))
    return table


def two_lines(first: str, second: str) -> "Text":
    """A figure above its interval; nothing where there is no figure."""
    from rich.text import Text

    return Text("\n").join([styled(first), styled((second, "dim"))]) if first else Text()
