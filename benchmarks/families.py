"""One model of each family, in every precision on every target: the table to pick from in docs/performance.md.

    uv run python benchmarks/families.py FOLDER --calibration PHOTOS [--data PHOTOS] [--models MixNet_S,ResNet18]
        [--weights synthetic:0] [--input-size SIDE] [--target onnx,openvino,ncnn] [--seconds 6]

Runs `edgekit bench MODEL --all --report FOLDER/MODEL` for each model that has no report there yet, one after the other,
and prints the table of all reports: times beside ONNX Runtime's FP32, and sizes beside the same target's.
"""

import argparse
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from edgekit.bench.everything.priced import YARDSTICK, Priced, PriceList
from edgekit.bench.ratio import Ratio

MODELS = "MixNet_S,DenseNet121,DPN68,pcpvt_small,alt_gvt_small,ResNet18,ResNet18_vd,HRNet_W18_C"
REPORT = "bench.json"
NONE = "–"


def bench(model: str, folder: Path, options: list[str]) -> None:
    """Make a model's report. Ends where that is not possible; artifacts that fail are rows like others."""
    command = [sys.executable, "-m", "edgekit", "bench", model, "--all", "--report", folder / model, *options]
    subprocess.run(command, check=False, stdout=sys.stderr)
    if not (folder / model / REPORT).exists():
        sys.exit(f"{model} has no report: see above")


def row(priced: Priced, fp32: Priced | None) -> Iterator[str]:
    """The cells of an artifact; `fp32` is the same target's."""
    yield priced.name
    yield NONE if priced.file_bytes is None else f"{priced.file_bytes / 1e6:.1f}{share(priced, fp32)}"
    for threads in (1, 2):
        times = priced.with_threads(threads)
        yield NONE if times is None else f"{times.p50_ms:.1f}"
        yield NONE if times is None or YARDSTICK not in times.beside else ratio(times.beside[YARDSTICK], priced)
    agreement = priced.agreement
    yield NONE if agreement is None else f"{agreement.count} of {agreement.photos}"
    yield priced.status


def share(priced: Priced, fp32: Priced | None) -> str:
    """Of the FP32 file's size, in brackets; nothing of itself."""
    return f" ({priced.file_bytes / fp32.file_bytes:.2f})" if fp32 and priced.file_bytes and fp32.file_bytes else ""


def ratio(found: Ratio, priced: Priced) -> str:
    """With its interval of 95 %; the yardstick is 1."""
    return "1" if priced.name == YARDSTICK else f"{found.median:.2f} ({found.low:.2f} to {found.high:.2f})"


def table(found: PriceList) -> Iterator[str]:
    """Markdown."""
    by_precision = {(one.target, one.precision): one for one in found.rows}
    yield f"**{found.model}**. {found.advice}"
    yield ""
    yield "| artifact | MB | ms, 1 thread | of ONNX FP32's | ms, 2 threads | of ONNX FP32's | decides alike | verdict |"
    yield "|---|--:|--:|--:|--:|--:|--:|---|"
    for one in found.rows:
        fp32 = None if one.precision == "fp32" else by_precision.get((one.target, "fp32"))
        yield f"| {' | '.join(row(one, fp32))} |"
    yield ""


def main() -> None:
    """Measure what is not measured yet, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the reports are kept, a folder for each model")
    parser.add_argument("--models", default=MODELS, help="comma-separated")
    for name, default in (("weights", "synthetic:0"), ("target", "onnx,openvino,ncnn"), ("seconds", "6")):
        parser.add_argument(f"--{name}", default=default)
    parser.add_argument("--calibration", required=True)
    parser.add_argument("--data")
    parser.add_argument("--input-size")
    given = parser.parse_args()
    options = [text for name in ("weights", "input-size", "target", "seconds", "calibration", "data")
               if (value := getattr(given, name.replace("-", "_"))) for text in (f"--{name}", value)]  # fmt: skip
    for model in given.models.split(","):
        if not (given.folder / model / REPORT).exists():
            bench(model, given.folder, options)
        found = msgspec.json.decode((given.folder / model / REPORT).read_bytes(), type=PriceList)
        print("\n".join(table(found)), flush=True)


if __name__ == "__main__":
    main()
