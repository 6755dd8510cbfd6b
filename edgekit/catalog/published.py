"""Reads the published tables as they stand: a figure is its cell, "-" is None, nothing is derived."""

import csv
from collections.abc import Iterator
from pathlib import Path

from edgekit.catalog.model import Latency, Published

TABLES = Path(__file__).parent / "published"


def load_published() -> dict[str, Published]:
    """Return the published figures by model name, in the order of `metrics.tsv`."""
    latencies: dict[str, list[Latency]] = {}
    for row in _rows("latency_v100_tensorrt_fp32_ms.tsv"):
        latencies.setdefault(row["model"], []).extend(_latencies(row, "V100", {"fp32": "bs"}))
    for row in _rows("latency_t4_tensorrt_ms.tsv"):
        columns = {"fp32": "fp32_bs", "fp16": "fp16_bs"}
        latencies.setdefault(row["model"], []).extend(_latencies(row, "T4", columns))
    return {
        row["model"]: Published(
            top1=_figure(row["top1"]),
            top5=_figure(row["top5"]),
            reference_top1=_figure(row["reference_top1"]),
            reference_top5=_figure(row["reference_top5"]),
            flops_g=_figure(row["flops_g"]),
            params_m=_figure(row["params_m"]),
            latency=tuple(latencies.get(row["model"], ())),
        )
        for row in _rows("metrics.tsv")
    }


def _rows(table: str) -> Iterator[dict[str, str]]:
    with (TABLES / table).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file, delimiter="\t")


def _latencies(row: dict[str, str], gpu: str, columns: dict[str, str]) -> Iterator[Latency]:
    for precision, prefix in columns.items():
        for batch in (1, 4, 8):
            milliseconds = _figure(row[f"{prefix}{batch}"])
            if milliseconds is not None:
                yield Latency(gpu, precision, batch, milliseconds)


def _figure(cell: str) -> float | None:
    return None if cell == "-" else float(cell)
