"""What artifacts name on photos, for a terminal: a block for each photo."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from edgekit.report.styled import styled

if TYPE_CHECKING:
    from rich.table import Table

    from edgekit.classes import Ranked
    from edgekit.given_labels import Labels
    from edgekit.predict import Prediction


def prediction_table(predictions: Sequence["Prediction"]) -> "Table":
    """The likeliest classes of each photo with their probabilities, a column for each artifact.

    Where artifacts name different classes first, the photo and their first choices are marked. Of labels all that are
    above their thresholds are shown, ticked, and those on which artifacts part are marked.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    labels = list(dict.fromkeys(label for one in predictions for label in one.answers))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("photo", overflow="fold")
    table.add_column("class", overflow="fold")
    ticked = any(one.labels for one in predictions)
    for label in labels:
        # A name may break, a number never.
        table.add_column(styled(label), justify="right", min_width=8 if ticked else 7, overflow="fold")
    for one in predictions:
        if one.error is not None:
            continue
        name = styled((one.photo.name, "" if one.agreed else "bold red"))
        for index, shown in class_rows(one):
            cells = [
                label_figure(one.labels[label], index, parted=index in one.parted)
                if label in one.labels
                else figure(one.answers[label], index, agreed=one.agreed)
                for label in labels
            ]
            table.add_row(name, styled(shown), *cells)
            name = Text("")
        table.add_section()
    return table


def class_rows(prediction: "Prediction") -> Iterator[tuple[int, str]]:
    """The classes that any artifact ranks, in the order of the first one, then of the others: index and name.

    Labels are all in the order of the first one, whether they are ranked or given.
    """
    seen: dict[int, str] = {}
    for ranked in (*prediction.answers.values(), *(one.given for one in prediction.labels.values())):
        for one in ranked:
            seen.setdefault(one.index, class_title(one))
    shown = next((one.shown for one in prediction.labels.values()), {})
    yield from sorted(seen.items(), key=lambda one: -shown.get(one[0], 0.0))


def class_title(ranked: "Ranked") -> str:
    """A class by its index and name."""
    return f"{ranked.index} {ranked.name}" if ranked.name else f"class {ranked.index}"


def figure(ranked: Sequence["Ranked"], index: int, *, agreed: bool):
    """The probability of a class by one artifact; its first choice is bold, and red where artifacts disagree."""
    from rich.text import Text

    found = next((one for one in ranked if one.index == index), None)
    if found is None:
        return Text("–", style="dim")
    first = found is ranked[0]
    return Text(percent(found.probability), style=("bold" if agreed else "bold red") if first else "")


def label_figure(labels: "Labels", index: int, *, parted: bool):
    """The probability of a label by one artifact, ticked and bold where it is given, red where artifacts part."""
    from rich.text import Text

    if index not in labels.shown:
        return Text("–", style="dim")
    given = index in labels.indices
    style = " ".join(["bold"] * given + ["red"] * parted)
    return Text(f"{'✓ ' * given}{percent(labels.shown[index])}", style=style)


def percent(probability: float) -> str:
    """A probability in at most seven characters: 99.998 %, 0.012 %, 3e-9."""
    if probability >= 0.00005:
        return f"{probability:.2%}".replace("%", " %")
    return f"{probability:.0e}" if probability else "0 %"
