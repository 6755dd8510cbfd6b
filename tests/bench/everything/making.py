"""Rows of a price list, made up."""

from edgekit.bench.everything.priced import Priced, PriceList, Times
from edgekit.bench.ratio import Ratio
from edgekit.evaluate.figures import Drop, Share
from edgekit.evaluate.paired import Cells


def row(name: str, *, p50: float, ratio: float, size: int, noise: float = 0.02, **changed) -> Priced:
    """An artifact that takes `ratio` of the yardstick's time, with an interval of `noise` to both sides."""
    target, _, precision = name.partition("-")
    noise = 0.0 if name == "onnx" else noise
    beside = {"onnx": Ratio(ratio, ratio - noise, ratio + noise, 30)}
    values = {
        "name": name,
        "target": target,
        "precision": precision or "fp32",
        "status": "passed",
        "file_bytes": size,
        "times": [Times(threads, p50 / threads, p50 / threads + 1, 30, beside) for threads in (1, 2)],
        "startup_ms": 12.0,
        "peak_memory_bytes": 50_000_000,
        "agreement": Share.of(490, 500),
        "top1": Share.of(400, 500),
        "drop": Drop.of(Cells(398, 2, 2, 98), 0.5),
    }
    return Priced(**{**values, **changed})


def price_list(rows: list[Priced], advice: str = "Ship it.") -> PriceList:
    return PriceList(
        model="Net", machine="a processor", busy_cores=0.0, data="photos", photos=500, rows=rows, advice=advice
    )
