"""`evaluation.html`: an evaluation as a page that opens from disk, without a network or a script."""

from dataclasses import dataclass

from edgekit.evaluate.figures import Evaluation, Figures
from edgekit.evaluate.rows import SubjectRecord
from edgekit.report.evaluation_plots import drops_plot, flips_plot, labels_plot, reliability_plot
from edgekit.report.evaluation_text import (
    class_title,
    drop_interval,
    interval,
    notes,
    percentage,
    points,
    speed,
    title,
)
from edgekit.report.page import filled_page

GENERATOR = "edgekit evaluate"
TEMPLATE = "evaluation.html"
MOST_FLIPS = 50


@dataclass(frozen=True)
class ModelView:
    """A model's row: figures as text, and which colour its drop has."""

    figures: Figures
    record: SubjectRecord
    top1: str
    top1_interval: str
    top5: str
    drop: str
    drop_interval: str
    state: str
    drop_state: str
    agreement: str
    agreement_interval: str
    ece: str
    mean_average_precision: str
    map_drop: str
    map_drop_interval: str
    error: str
    speed: str
    flips_svg: str


def evaluation_page(evaluation: Evaluation) -> str:
    """The page. Everything that is filled in is escaped: names of photos and classes may be anything."""
    return filled_page(
        TEMPLATE,
        generator=GENERATOR,
        title=title(evaluation),
        about=evaluation.about,
        multi=evaluation.about.output_kind == "sigmoid",
        models=[view(evaluation, one) for one in evaluation.models],
        notes=list(notes(evaluation)),
        drops_svg=drops_plot(evaluation),
        reliability_svg=reliability_plot(evaluation),
        labels_svg=labels_plot(evaluation),
        most_flips=MOST_FLIPS,
        name=lambda index: class_title(evaluation, index),
    )


def view(evaluation: Evaluation, model: Figures) -> ModelView:
    """A model as the page shows it."""
    record = next(one for one in evaluation.about.subjects if one.name == model.name)
    average = model.mean_average_precision
    decided = model.map_drop or model.drop
    return ModelView(
        figures=model,
        record=record,
        top1=percentage(model.top1),
        top1_interval=interval(model.top1),
        top5=percentage(model.top5),
        drop=points(model.drop),
        drop_interval=drop_interval(model.drop),
        state=decided.state if decided else "",
        drop_state=model.drop.state if model.drop else "",
        agreement=percentage(model.agreement),
        agreement_interval=interval(model.agreement),
        ece="" if model.ece is None else f"{100 * model.ece:.2f} %",
        mean_average_precision="" if average is None else f"{100 * average:.2f} %",
        map_drop=points(model.map_drop),
        map_drop_interval=drop_interval(model.map_drop),
        error="" if model.errors is None else f"{model.errors.median:.1e} / {model.errors.largest:.1e}",
        speed=speed(record),
        flips_svg=flips_plot(evaluation, model),
    )
