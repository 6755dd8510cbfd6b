"""What is known of one artifact beside all others of its model: plain data, as `--json` prints it."""

from typing import Literal

from msgspec import Struct, field

from edgekit.bench.ratio import Ratio
from edgekit.evaluate.figures import Drop, Share

YARDSTICK = "onnx"
"""ONNX Runtime in FP32: what people use today."""
NOT_WORTH = "passed, not worth it"
SCHEMA = 1

Status = Literal["passed", "passed, not worth it", "failed", "not run"]


class Times(Struct, frozen=True):
    """Milliseconds of a call with `threads` threads, over all rounds; `beside` are the ratios to other artifacts'.

    The yardstick is among these, 1 of itself, and the same target's artifacts of other precisions, as far as they ran.
    """

    threads: int
    p50_ms: float
    p95_ms: float
    rounds: int
    beside: dict[str, Ratio]


class Priced(Struct, frozen=True, kw_only=True):
    """One artifact: its verdict, files, times, memory and accuracy; None is what was not measured.

    `startup_ms` is from the file to the first answer, imports left out; `peak_memory_bytes` is the largest resident
    size of the process that was timed on one thread. `agreement`, and with labels `top1` and `drop`, are of the photos.
    """

    name: str
    target: str
    precision: str
    status: Status
    reason: str = ""
    file_bytes: int | None = None
    times: list[Times] = field(default_factory=list)
    startup_ms: float | None = None
    peak_memory_bytes: int | None = None
    agreement: Share | None = None
    top1: Share | None = None
    drop: Drop | None = None

    def with_threads(self, threads: int) -> Times | None:
        """The times with so many threads."""
        return next((one for one in self.times if one.threads == threads), None)


class PriceList(Struct, frozen=True, kw_only=True):
    """All artifacts of one model, the machine they were measured on, the photos they saw, and the one to ship."""

    model: str
    machine: str
    busy_cores: float
    data: str
    photos: int
    rows: list[Priced]
    advice: str
    left_out: dict[str, str] = field(default_factory=dict)
    schema_version: int = SCHEMA

    @property
    def exit_status(self) -> int:
        """1 where an artifact failed, 3 where nothing ran, else 0."""
        if any(row.status == "failed" for row in self.rows):
            return 1
        return 0 if any(row.times for row in self.rows) else 3
