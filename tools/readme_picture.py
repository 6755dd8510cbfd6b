"""Draws the README's picture from what a verification has found: `python tools/readme_picture.py artifacts/MixNet_S`.

Left the model, in the middle what it became, right how far each is from the oracle, beside Paddle and the limit.
"""

import math
import sys
from collections.abc import Sequence
from html import escape
from pathlib import Path

from edgekit.artifact.load import find_artifacts, read_manifest
from edgekit.artifact.manifest import Manifest, VariantVerdict
from edgekit.pipeline.target import targets
from edgekit.quantities.sizes import readable_size

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "overview.svg"
ROW, TOP, LEFT, AXIS, RIGHT = 46, 84, 236, 520, 806
INK, SOFT, LINE, CARD = "#1c2330", "#5b6576", "#cbd2dc", "#ffffff"
GOOD, GOOD_PAPER, OPEN, OPEN_PAPER, BAD = "#2f855a", "#e6f5ea", "#7a5200", "#fdf1d8", "#c53030"
LOWEST, HIGHEST = 1e-7, 1e-5


def main(folder: Path) -> None:
    """Write the picture of one model, `out/MODEL`."""
    manifests = [read_manifest(path) for path in find_artifacts(folder.parent, folder.name)]
    PICTURE.write_text(drawn(folder.name, manifests), encoding="utf-8")


def drawn(name: str, manifests: Sequence[Manifest]) -> str:
    """The picture of a model's FP32 artifacts, as SVG."""
    rows = [(one, verdict) for one in manifests if one.precision == "fp32" for verdict in one.verdicts]
    height = TOP + ROW * len(rows) + 46
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 900 {height}" font-family="system-ui, sans-serif" '
        f'font-size="14" fill="{INK}">',
        f"<title>What edgekit does with {escape(name)}</title>",
        f'<rect width="900" height="{height}" rx="12" fill="#f6f7f9"/>',
        heading(20, "a trained model"),
        heading(LEFT, "becomes"),
        heading(AXIS, "and is proved: error against float64"),
        *model(manifests[0], (TOP + ROW * len(rows) / 2) - 26),
        *axis(TOP + ROW * len(rows)),
    ]
    for place, (manifest, verdict) in enumerate(rows):
        parts += row(manifest, verdict, TOP + ROW * place, TOP + ROW * len(rows) / 2)
    return "\n".join([*parts, "</svg>"]) + "\n"


def heading(x: float, text: str) -> str:
    """A column's title."""
    return f'<text x="{x}" y="44" fill="{SOFT}" font-size="15">{escape(text)}</text>'


def model(manifest: Manifest, y: float) -> list[str]:
    """The box of the model."""
    about = f"{manifest.preprocessing.input_size} px, {manifest.model.class_count} classes"
    return [
        f'<rect x="20" y="{y}" width="150" height="52" rx="8" fill="{CARD}" stroke="{LINE}"/>',
        f'<text x="34" y="{y + 22}" font-weight="600">{escape(manifest.model.name)}</text>',
        f'<text x="34" y="{y + 41}" fill="{SOFT}" font-size="12">{escape(about)}</text>',
    ]


def row(manifest: Manifest, found: VariantVerdict, y: float, middle: float) -> list[str]:
    """One target: its files, its error, its verdict."""
    title = targets()[manifest.target].description.title
    name = " ".join(filter(None, (title, found.variant)))
    size = sum(
        record.bytes for name, record in manifest.files.items() if not found.variant or named(name, found.variant)
    )
    centre = y + 16
    parts = [
        f'<path d="M170 {middle} C 205 {middle}, 200 {centre}, {LEFT - 4} {centre}" fill="none" stroke="{LINE}"/>',
        f'<rect x="{LEFT}" y="{y - 4}" width="220" height="38" rx="8" fill="{CARD}" stroke="{LINE}"/>',
        f'<text x="{LEFT + 12}" y="{y + 20}" font-weight="600">{escape(name)}</text>',
        f'<text x="{LEFT + 208}" y="{y + 20}" text-anchor="end" fill="{SOFT}" font-size="12">'
        f"{readable_size(size)}</text>",
    ]
    figures = next(iter(found.verdict.outputs.values()), None)
    passed = found.verdict.passed
    paper, ink = (GOOD_PAPER, GOOD) if passed else (OPEN_PAPER, OPEN)
    if figures is not None:
        limit, error = place(figures.max_threshold), place(figures.against_oracle.max_relative)
        parts += [
            f'<rect x="{AXIS}" y="{centre - 4}" width="{limit - AXIS:.1f}" height="8" rx="4" fill="#e1e5eb"/>',
            f'<rect x="{limit - 1.5:.1f}" y="{centre - 10}" width="3" height="20" fill="{BAD}"/>',
            f'<circle cx="{place(figures.noise.max_relative):.1f}" cy="{centre}" r="5" fill="#a0aec0"/>',
            f'<circle cx="{error:.1f}" cy="{centre}" r="7" fill="{GOOD if passed else BAD}"/>',
        ]
    return [
        *parts,
        f'<rect x="{RIGHT}" y="{centre - 12}" width="76" height="24" rx="12" fill="{paper}"/>',
        f'<text x="{RIGHT + 38}" y="{centre + 5}" text-anchor="middle" fill="{ink}" font-size="13" font-weight="600">'
        f"{found.verdict.status}</text>",
    ]


def named(file: str, variant: str) -> bool:
    """Whether a file is a variant's, by its name."""
    return f".{variant.lower()}." in file


def axis(y: float) -> list[str]:
    """The decades below the errors, and what the marks are."""
    parts = [
        f'<text x="{place(10.0**power):.1f}" y="{y + 10}" text-anchor="middle" fill="{SOFT}" font-size="12">'
        f'10<tspan dy="-4" font-size="9">{power}</tspan></text>'
        for power in (-7, -6, -5)
    ]
    marks = ((AXIS, "#a0aec0", "Paddle itself"), (AXIS + 112, GOOD, "this target"), (AXIS + 214, BAD, "limit"))
    for x, colour, text in marks:
        parts.append(f'<circle cx="{x + 4}" cy="{y + 28}" r="4" fill="{colour}"/>')
        parts.append(f'<text x="{x + 14}" y="{y + 32}" fill="{SOFT}" font-size="12">{text}</text>')
    return parts


def place(value: float) -> float:
    """Where an error lies on the axis, which is logarithmic."""
    share = math.log(max(value, LOWEST) / LOWEST) / math.log(HIGHEST / LOWEST)
    return AXIS + min(1.0, share) * (RIGHT - 26 - AXIS)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
