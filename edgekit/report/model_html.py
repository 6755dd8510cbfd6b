"""A model's page: what was proved of its artifacts, in one file that opens from disk, without a network or a script."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from edgekit import __version__
from edgekit.quantities.conditions import busy_words, is_busy
from edgekit.quantities.sizes import readable_size
from edgekit.report.decisions import compared_values, decision
from edgekit.report.model_plots import overview_plot, values_plot
from edgekit.report.model_provenance import artifact_view
from edgekit.report.page import filled_page
from edgekit.report.photo_stages import PhotoStage, photo_stages, picture
from edgekit.report.verdicts import (
    figure_cells,
    files_of,
    first_output,
    limit_meaning,
    milliseconds,
    processor_of,
    reference_run,
    reference_title,
    row_name,
    title,
    tools_of,
)

if TYPE_CHECKING:
    import numpy as np

    from edgekit.ledger.ledger import Ledger, Unexplained
    from edgekit.parity.verdict import OutputFigures
    from edgekit.pipeline.source import GoldenFile
    from edgekit.verification.check import Check

GENERATOR = "edgekit report"
TEMPLATE = "model.html"
MOST_FLIPS = 20
"""Of the decisions of one target that differ."""


@dataclass(frozen=True)
class LatencyView:
    """A latency, and under which conditions it was measured."""

    name: str
    p50: str
    p95: str
    least: str
    calls: str
    measured: str
    where: str
    beside: str
    busy: bool


@dataclass(frozen=True)
class LedgerView:
    """The account of one variant's stored parameters."""

    name: str
    sentence: str
    complete: bool
    explained: list[tuple[str, int]]
    unexplained: "tuple[Unexplained, ...]"
    unused: tuple[str, ...]


@dataclass(frozen=True)
class PlotView:
    """The errors of one output of one variant, and the decisions that differ."""

    heading: str
    figures: "OutputFigures"
    svg: str
    flips: list[str]


@dataclass(frozen=True)
class VariantView:
    """A row of the verdicts."""

    name: str
    precision: str
    style: str
    status: str
    reason: str
    warnings: tuple[str, ...]
    files: list[str]
    error: str
    reference_error: str
    limit: str
    agreement: str
    latency: str
    memory: str
    parameters: str


@dataclass(frozen=True)
class PhotoView:
    """A golden photo, and what oracle and targets say is on it."""

    label: str
    picture: str
    answers: list[tuple[str, bool]]


def model_page(checks: "Sequence[Check]", images: "Mapping[str, np.ndarray]") -> str:
    """The page of one model: `checks` of its artifacts, not empty.

    `images` are golden photos by their sample's label, uint8 RGB [H, W, 3]; one is shown on its way into the model.
    Everything that is filled in is escaped: names and reasons may be anybody's.
    """
    manifest = checks[0].artifact.manifest
    shown = [variant_view(check) for check in checks]
    names = row_names(checks)
    measured = [(check, figures) for check in checks if (figures := first_output(check)) is not None]
    artifacts = {str(check.artifact.folder): check.artifact for check in checks}
    return filled_page(
        TEMPLATE,
        generator=GENERATOR,
        version=__version__,
        made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M"),
        title=title(checks[0]),
        model=manifest.model,
        weights=manifest.weights,
        counts=counts(checks),
        judged_against=judged_against(checks),
        meaning=[meaning(checks, precision) for precision in dict.fromkeys(view.precision for view in shown)],
        variants=shown,
        reference=reference_title(checks),
        overview_svg=overview_plot([(names[id(check)], check.found.verdict.status, one) for check, one in measured]),
        plots=[plot for check in checks for plot in plot_views(check)],
        photos=photo_views(checks, images),
        deciders=[names[id(check)] for check in deciding(checks)],
        ledgers=[
            ledger_view(names[id(check)], check.found.ledger) for check in checks if check.found.ledger is not None
        ],
        latencies=latency_views(checks, names),
        preparation=preparation(checks, images),
        preprocessing=manifest.preprocessing.key_values().splitlines(),
        artifacts=[artifact_view(artifact) for artifact in artifacts.values()],
        samples=checks[0].golden and samples_text(checks[0].golden),
        tools=list(dict.fromkeys(f"{tool} {version}" for check in checks for tool, version in tools_of(check))),
        most_flips=MOST_FLIPS,
    )


def row_names(checks: "Sequence[Check]") -> dict[int, str]:
    """What each check is called, by its `id`: with its precision where there are several."""
    several = len({precision_of(check) for check in checks}) > 1
    return {id(check): f"{row_name(check)} {precision_of(check)}" if several else row_name(check) for check in checks}


def counts(checks: "Sequence[Check]") -> list[tuple[str, str]]:
    """How many verdicts of each kind, with its style."""
    statuses = [check.found.verdict.status for check in checks]
    return [(style(one), f"{statuses.count(one)} {one}") for one in ("passed", "failed", "not run") if one in statuses]


def judged_against(checks: "Sequence[Check]") -> list[str]:
    """By what was judged, in words, each once."""
    ran = [check.found.verdict.judged_against for check in checks if not check.variant.not_run]
    return [one for one in dict.fromkeys(ran) if one]


def meaning(checks: "Sequence[Check]", precision: str) -> str:
    """What the errors of one precision are relative to, and where its limit is from."""
    figures = next(
        (found for check in checks if precision_of(check) == precision and (found := first_output(check))), None
    )
    if figures is None:
        return ""
    return (
        f"{precision}: errors are the largest difference {compared_values(figures)}. A target passes where its error "
        f"against the float64 oracle stays below {figures.max_threshold:.1e}, "
        f"{limit_meaning(precision.lower(), figures)}."
    )


def precision_of(check: "Check") -> str:
    """As people write it."""
    return check.artifact.manifest.precision.upper()


def variant_view(check: "Check") -> VariantView:
    """One row of the verdicts."""
    found, figures = check.found, first_output(check)
    error, reference_error, agreement = figure_cells(figures)
    latency = found.latency
    return VariantView(
        name=row_name(check),
        precision=precision_of(check),
        style=style(found.verdict.status),
        status=found.verdict.status,
        reason=found.verdict.reason,
        warnings=found.verdict.warnings,
        files=[f"{name} {size}" for name, size in files_of(check)],
        error=error,
        reference_error=reference_error,
        limit="–" if figures is None else f"{figures.max_threshold:.1e}",
        agreement=agreement,
        latency="–" if latency is None else milliseconds(latency["p50_ms"]),
        memory="–" if found.peak_memory_bytes is None else readable_size(found.peak_memory_bytes),
        parameters="–" if found.ledger is None else str(found.ledger.stored),
    )


def plot_views(check: "Check") -> list[PlotView]:
    """The plots of one variant, one for each output."""
    manifest = check.artifact.manifest
    names = manifest.model.class_names or ()
    views = []
    for name, values in check.values.items():
        figures = check.found.verdict.outputs[name]
        several = f", output {name}" if len(check.values) > 1 else ""
        views.append(
            PlotView(
                heading=f"{row_name(check)}, {precision_of(check)}{several}",
                figures=figures,
                svg=values_plot(values, figures, names, check.found.verdict.status),
                flips=flips_text(figures, names),
            )
        )
    return views


def flips_text(figures: "OutputFigures", names: Sequence[str]) -> list[str]:
    """The decisions that differ from the reference's, each as a sentence."""

    def name(index: int) -> str:
        return names[index] if index < len(names) else f"class {index}"

    said = [
        f"{flip.sample}: {name(flip.artifact_class)}, and {name(flip.reference_class)} by the reference"
        f"{excuse(flip.excused)}"
        for flip in figures.flips
    ]
    said += [
        f"{flip.sample}: {name(flip.label)} is {'not given' if flip.in_reference else 'given'}, other than by the "
        f"reference{excuse(flip.excused)}"
        for flip in figures.label_flips
    ]
    said += [
        f"{flip.sample}: {flip.artifact_nearer} is nearer, and {flip.reference_nearer} by the reference"
        f"{excuse(flip.excused)}"
        for flip in figures.neighbour_flips
    ]
    return said


def excuse(excused: bool) -> str:
    """Whether the reference itself could have decided so."""
    return " (within the reference's own noise)" if excused else ""


def deciding(checks: "Sequence[Check]") -> "list[Check]":
    """Those that chose classes for the golden photos."""
    return [
        check
        for check in checks
        if (figures := first_output(check)) and decision(figures) == "class" and figures.classes > 1 and check.values
    ]


def photo_views(checks: "Sequence[Check]", images: "Mapping[str, np.ndarray]") -> list[PhotoView]:
    """What the oracle and every target say is on each golden photo; nothing where no class is chosen."""
    targets = deciding(checks)
    if not targets:
        return []
    names = checks[0].artifact.manifest.model.class_names or ()
    answers = [next(iter(check.values.values())) for check in targets]
    # Of several that ran on other samples, the one that ran on most.
    most = max(answers, key=lambda values: len(values.labels))
    truth = dict(zip(most.labels, most.oracle.argmax(axis=1).tolist(), strict=True))
    said = [dict(zip(one.labels, one.artifact.argmax(axis=1).tolist(), strict=True)) for one in answers]
    views = []
    for label in most.labels:
        if label not in images:
            continue
        right = truth[label]
        given = [(class_text(one.get(label), names), one.get(label) in (None, right)) for one in said]
        views.append(PhotoView(label, picture(images[label][:, :, :3]), [(class_text(right, names), True), *given]))
    return views


def class_text(index: int | None, names: Sequence[str]) -> str:
    """A class by its name, or its number; a dash where a target did not see the photo."""
    if index is None:
        return "–"
    return names[index] if index < len(names) else f"class {index}"


def ledger_view(name: str, ledger: "Ledger") -> LedgerView:
    """The account of one variant."""
    ordered = sorted(ledger.explained.items(), key=lambda one: (-one[1], one[0]))
    unused = () if ledger.partial else ledger.unused
    return LedgerView(name, ledger.sentence, ledger.complete, ordered, ledger.unexplained, unused)


def latency_views(checks: "Sequence[Check]", names: Mapping[int, str]) -> list[LatencyView]:
    """All latencies with their conditions, the reference's first; `names` as `row_names` has them."""
    views = []
    if (truth := reference_run(checks)) is not None and truth.details["latency"]:
        views.append(latency_view(reference_title(checks), truth.details["latency"], "this machine's processor"))
    for check in checks:
        if (latency := check.found.latency) is not None:
            where = check.found.device or processor_of(check) or "this machine's processor"
            views.append(latency_view(names[id(check)], latency, where))
    return views


def latency_view(name: str, latency: Mapping[str, float], where: str) -> LatencyView:
    """One latency."""
    measured = latency.get("measured")
    return LatencyView(
        name=name,
        p50=milliseconds(latency["p50_ms"]),
        p95=milliseconds(latency["p95_ms"]),
        least=milliseconds(latency["min_ms"]) if "min_ms" in latency else "–",
        calls=f"{latency['repeats']:.0f}" if "repeats" in latency else "–",
        measured="not known" if measured is None else f"{datetime.fromtimestamp(measured, UTC):%Y-%m-%d %H:%M} UTC",
        where=where,
        beside=busy_words([latency]) or "not recorded",
        busy=is_busy(latency),
    )


def preparation(checks: "Sequence[Check]", images: "Mapping[str, np.ndarray]") -> list[PhotoStage]:
    """One photo on its way into the model: the one that is farthest from a square shows most."""
    if not images:
        return []
    chosen = max(images.values(), key=lambda image: max(image.shape[:2]) / min(image.shape[:2]))
    return photo_stages(chosen, checks[0].artifact.manifest.preprocessing)


def samples_text(golden: "GoldenFile") -> str:
    """Which golden inputs the verdicts are of."""
    photos = golden.kinds.count("photo")
    whose = "bundled" if golden.own is None else f"your own, of {golden.own.folder.name}"
    return f"{photos} photos ({whose}) and {len(golden.kinds) - photos} synthetic samples, SHA-256 {golden.sha256}"


def style(status: str) -> str:
    """The CSS class of a verdict."""
    return status.replace(" ", "-")
