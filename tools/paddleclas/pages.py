"""The figures of PaddleClas's model pages (`docs/zh_CN/models/ImageNet1k`), as they stand there."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

PAGES = Path("docs/zh_CN/models/ImageNet1k")
OVERVIEW = "README.md"  # has every model's V100 time, and the rows that no page of a family has
GPUS = ("V100", "T4")
TIMED = re.compile(r"(?:latency\(ms\)|time\(ms\))?(fp16|fp32)?(?:bs=|batchsize=)(\d)(?:\(ms\))?")
PERCENT = 0.01


@dataclass
class Figures:
    """What is published of one model. Accuracies are fractions; FLOPs in 10^9, parameters in 10^6; None: not said."""

    metrics: dict[str, float] = field(default_factory=dict)
    latency: dict[tuple[str, str, int], float] = field(default_factory=dict)  # (GPU, precision, batch) -> ms


def figures(checkout: Path, urls: dict[str, str | None]) -> dict[str, Figures]:
    """The figures of the models that have these `urls`. What a family's page says counts before the overview.

    A name can have two rows: with a mark, the model was trained on ImageNet-22k first, as its address then says. A
    marked row that is the only one counts too.
    """
    folder = checkout / PAGES
    pages = [path for path in sorted(folder.glob("*.md")) if path.name not in (OVERVIEW, "model_list.md")]
    every = [row for path in [*pages, folder / OVERVIEW] for row in rows(path)]
    kinds = {(name, marked) for name, marked, _, _ in every}
    found: dict[str, Figures] = {}
    for name, marked, columns, gpu in every:
        if name not in urls:
            continue
        wanted = "22k" in (urls[name] or "") if len({(name, True), (name, False)} & kinds) == 2 else marked
        if marked == wanted:
            take(found.setdefault(name, Figures()), columns, gpu)
    return found


def rows(path: Path) -> Iterator[tuple[str, bool, dict[str, str], str]]:
    """Each row of a page's tables: model, whether its name has a mark, cells by heading, the GPU of the section."""
    heading: list[str] = []
    gpu = "V100" if path.name == OVERVIEW else ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            named = re.search(r"V100|T4|SD855|CPU", line)
            gpu = named[0] if named else ("V100" if path.name == OVERVIEW else "")
        if not line.startswith("|"):
            heading = []
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not heading:
            heading = [plain(cell) for cell in cells]
            continue
        name = re.sub(r"<[^>]*>.*?</[^>]*>|<[^>]*>|\\|\*", "", cells[0]).strip()
        yield name, "<sup>" in cells[0], dict(zip(heading, cells, strict=False)), gpu


def plain(heading: str) -> str:
    """A heading without markup, in small letters: "flops(g)", "latency(ms)fp16bs=1"."""
    return re.sub(r"<[^>]*>|\s|\\", "", heading).casefold()


def take(figures: Figures, columns: dict[str, str], gpu: str) -> None:
    """Add what a row says, where nothing is said yet."""
    for heading, cell in columns.items():
        value = number(cell)
        if value is None:
            continue
        timed = TIMED.fullmatch(heading)
        if key := metric(heading):
            name, factor = key
            percent = factor == PERCENT
            figures.metrics.setdefault(name, round(value * (factor if value > 1 or not percent else 1), 6))
        elif timed and gpu in GPUS:
            figures.latency.setdefault((gpu, timed[1] or "fp32", int(timed[2])), value)


def metric(heading: str) -> tuple[str, float] | None:
    """The figure that a heading means, and what its unit is in ours (PERCENT: only where it is above 1)."""
    heading = heading.replace("-", "").replace("acc", "").replace("(stage2)", "").replace("(%)", "")
    table = {
        "top1": ("top1", PERCENT),
        "top5": ("top5", PERCENT),
        "referencetop1": ("reference_top1", PERCENT),
        "referencetop5": ("reference_top5", PERCENT),
        "flops(g)": ("flops_g", 1.0),
        "flops(m)": ("flops_g", 0.001),
        "params(m)": ("params_m", 1.0),
    }
    return table.get(heading)


def number(cell: str) -> float | None:
    """The number in a cell; None for a dash or words."""
    cell = re.sub(r"<[^>]*>|\*", "", cell).strip()
    return float(cell) if re.fullmatch(r"\d+(\.\d+)?", cell) else None
