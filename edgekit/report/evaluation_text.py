"""What an evaluation found, in words and figures that tables and pages share."""

from collections.abc import Iterator

from edgekit.evaluate.figures import Drop, Evaluation, Figures, Share
from edgekit.evaluate.rows import SubjectRecord

MOST_FLIPS = 5
MOST_SKIPPED = 3


def percentage(share: Share | None) -> str:
    """A share as `81.2 %`; nothing where there is none."""
    return "" if share is None else f"{100 * share.share:.1f} %"


def interval(share: Share | None) -> str:
    """A share's interval, as `78.7–83.5`."""
    return "" if share is None else f"{100 * share.low:.1f}–{100 * share.high:.1f}"


def points(drop: Drop | None) -> str:
    """A drop in percentage points, as `+0.20`."""
    return "" if drop is None else f"{drop.points:+.2f}"


def drop_interval(drop: Drop | None) -> str:
    """A drop's interval, as `-0.18 to +0.59`."""
    return "" if drop is None else f"{drop.low:+.2f} to {drop.high:+.2f}"


def class_title(evaluation: Evaluation, index: int) -> str:
    """A class by its name, else its index."""
    names = evaluation.about.class_names
    if index < 0:
        return "no answer"
    return names[index] if names and index < len(names) else str(index)


def decision(model: Figures, drop: Drop | None, of: str = "") -> str:
    """What the photos say of a drop, in one sentence; nothing where there is no reference or no label."""
    if drop is None:
        return ""
    margin = f"{drop.margin:g} points"
    counted = "" if drop.p is None else f"; {drop.lost} photos lost, {drop.gained} gained, p = {drop.p:.2g}"
    found = f"{model.name}: the drop{of} of {drop.points:+.2f} points ({drop_interval(drop)}{counted})"
    if drop.state != "open":
        return f"{found} is {drop.state} {margin}."
    if drop.more is None:
        return f"{found} is {margin} as far as can be seen: more photos of this kind would not tell."
    return f"{found} may be above or below {margin}: about {drop.more:,} more photos would decide."


def speed(record: SubjectRecord) -> str:
    """Photos a second of a run; nothing where all was known before."""
    return f"{record.ran / record.seconds:.1f}" if record.ran and record.seconds > 0 else ""


def notes(evaluation: Evaluation) -> Iterator[str]:
    """Sentences that belong under the table."""
    about = evaluation.about
    for model in evaluation.models:
        of = " of photos with all labels right" if about.output_kind == "sigmoid" else ""
        for drop, what in ((model.drop, of), (model.map_drop, " of the mean average precision")):
            if sentence := decision(model, drop, what):
                yield sentence
        if model.errors is not None:
            worst = ", ".join(f"{name} {error:.1e}" for name, error in model.errors.worst)
            yield (
                f"{model.name}: errors of single photos are {model.errors.median:.1e} (median), {model.errors.p99:.1e} "
                f"(99 of 100), largest: {worst}."
            )
        if model.not_finite:
            yield f"{model.name}: {model.not_finite} photos have values that are infinite or none, and count as wrong."
        if model.flips:
            shown = ", ".join(
                f"{class_title(evaluation, one.before)} → {class_title(evaluation, one.after)} {one.photos}"
                for one in model.flips[:MOST_FLIPS]
            )
            yield f"{model.name}: {sum(one.photos for one in model.flips)} photos change their class: {shown}."
    if about.skipped:
        names = ", ".join(name for name, _ in about.skipped[:MOST_SKIPPED])
        more = f" and {len(about.skipped) - MOST_SKIPPED} more" if len(about.skipped) > MOST_SKIPPED else ""
        yield f"{len(about.skipped)} of {about.photos} photos cannot be read and are left out: {names}{more}."
    for name, why in about.absent:
        yield f"{name} not run: {why}"


def title(evaluation: Evaluation) -> str:
    """What was evaluated on what."""
    about = evaluation.about
    shards = "".join(f", shard {number} of {parts}" for number, parts in about.shards)
    return f"{about.model} · {evaluation.counted:,} photos of {about.data}{shards}"
