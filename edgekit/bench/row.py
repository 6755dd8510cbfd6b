"""What a benchmark finds: plain data, as `--json` prints it."""

from typing import Literal

from msgspec import Struct

from edgekit.bench.validity import Conditions
from edgekit.catalog.model import Model
from edgekit.inputs.size import Sides, Size
from edgekit.parity.verdict import Verdict

Status = Literal["measured", "computed", "not run", "failed"]
"""What an emulated machine computed is judged, and not timed."""

SCHEMA = 1
OTHER_HARDWARE = "TensorRT on an NVIDIA V100 or T4, published by PaddleClas: other hardware, not comparable directly"


class PublishedTimes(Struct, frozen=True):
    """PaddleClas's own TensorRT times of a batch, in milliseconds, on other hardware; None is "not published"."""

    v100_fp32: float | None = None
    t4_fp32: float | None = None
    t4_fp16: float | None = None

    @classmethod
    def of(cls, model: Model | None, input_size: Size, batch: int) -> "PublishedTimes":
        """The model's, where it is one of the catalog at its published input size."""
        if model is None or Size.of(model.input_size) != input_size:
            return cls()
        times = model.published
        return cls(
            times.milliseconds("V100", "fp32", batch),
            times.milliseconds("T4", "fp32", batch),
            times.milliseconds("T4", "fp16", batch),
        )

    @property
    def known(self) -> bool:
        """Whether any was published."""
        return any(value is not None for value in (self.v100_fp32, self.t4_fp32, self.t4_fp16))


class Row(Struct, frozen=True, kw_only=True):
    """One model on one target's variant at one batch.

    `latency` holds milliseconds of a call with the whole batch (p50, p95, min) and the number of calls;
    `images_per_second` is batch / p50. `file_bytes` are the files that the variant loads, `peak_memory_bytes` the
    largest resident size of the process, runtime and inputs included, and on an emulated `machine` the emulator.
    `machine` is also a device that is reached, by its name; `device` says what it is.
    `input_size` is a side in pixels, or [height, width]. `exit_status` is the error's, 0 without one. `verdict` is on
    what the timed process computed, and `conditions` are those of the latency.
    """

    model: str
    target: str
    variant: str
    batch: int
    precision: str
    input_size: Sides | None = None
    status: Status
    reason: str = ""
    exit_status: int = 0
    latency: dict[str, float] | None = None
    images_per_second: float | None = None
    peak_memory_bytes: int | None = None
    file_bytes: int | None = None
    device: str | None = None
    published: PublishedTimes = PublishedTimes()
    machine: str | None = None
    verdict: Verdict | None = None
    conditions: Conditions | None = None


class Report(Struct, frozen=True):
    """All rows, and the machine they were measured on."""

    machine: str
    threads: int
    published_are: str
    rows: list[Row]
    schema_version: int = SCHEMA

    @property
    def exit_status(self) -> int:
        """That of the first failure; where nothing could run, of the first reason why, else 3."""
        for row in self.rows:
            if row.status == "failed":
                return row.exit_status
        if any(row.status in ("measured", "computed") for row in self.rows):
            return 0
        return next((row.exit_status for row in self.rows if row.exit_status), 3)
