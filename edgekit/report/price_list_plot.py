"""The plot of `edgekit bench --all`: accuracy, or agreement, against latency and against size."""

import io
from typing import TYPE_CHECKING

from edgekit.bench.everything.priced import NOT_WORTH, Priced, PriceList
from edgekit.evaluate.figures import Share
from edgekit.report.plots import new_figure, plain, svg, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKERS = {"fp32": "o", "fp16": "s", "int8": "D"}
DOTS_PER_INCH = 144


def price_list_figure(report: PriceList) -> "Figure":
    """Two axes that share the vertical one: accuracy where there are labels, else agreement, with intervals."""
    figure, (times, sizes) = new_figure(9.5, 4.2, columns=2)
    targets = sorted({row.target for row in report.rows})
    for row in report.rows:
        share, timed = row.top1 or row.agreement, row.with_threads(1)
        if share is None:
            continue
        colour = f"C{targets.index(row.target)}"
        if timed is not None:
            point(times, row, timed.p50_ms, share, colour)
        if row.file_bytes is not None:
            point(sizes, row, row.file_bytes / 1e6, share, colour)
    labelled = any(row.top1 for row in report.rows)
    times.set(xscale="log", xlabel="p50 of a call with 1 thread, ms")
    times.set_ylabel("top-1, %" if labelled else "agreement with the reference, %")
    sizes.set(xlabel="size, MB")
    sizes.set_xlim(left=0)
    for axes in (times, sizes):
        axes.margins(x=0.2)
        tidy(axes)
    lines, names = times.get_legend_handles_labels()
    figure.legend(lines, names, loc="outside right upper", fontsize=8, frameon=False)
    figure.suptitle(f"{plain(report.model)}, {report.photos} photos, intervals of 95 %", fontsize=10)
    return figure


def point(axes: "Axes", row: Priced, x: float, share: Share, colour: str) -> None:
    """One artifact; hollow where it is not worth having or did not pass."""
    y = 100 * share.share
    below, above = max(0.0, y - 100 * share.low), max(0.0, 100 * share.high - y)
    axes.errorbar(
        [x],
        [y],
        yerr=[[below], [above]],
        fmt=MARKERS[row.precision],
        color=colour,
        markerfacecolor="white" if row.status in (NOT_WORTH, "failed") else colour,
        capsize=2,
        linewidth=1,
        label=plain(row.name),
    )


def price_list_svg(report: PriceList) -> str:
    """The plot as SVG, the same for the same figures."""
    return svg(price_list_figure(report))


def price_list_png(report: PriceList) -> bytes:
    """The plot as PNG."""
    written = io.BytesIO()
    price_list_figure(report).savefig(written, format="png", dpi=DOTS_PER_INCH, metadata={"Software": GENERATOR})
    return written.getvalue()


GENERATOR = "edgekit bench --all"
"""What the PNG says of itself."""
