"""Why layers of an INT8 model stay in floating point: what a plan carries into the manifest."""

from msgspec import Struct


class FloatLayer(Struct, frozen=True):
    """A layer that INT8 left in floating point, and the outputs' signal to noise with it alone in 8 bits, in dB."""

    name: str
    snr_db: float


class AccuracyControl(Struct, frozen=True, kw_only=True):
    """Why layers of an INT8 artifact stayed in floating point: they cost most of `ranked` ones.

    `asked` is what the user wanted. With a limit to the drop, it was measured on so many `photos` of `data`: `drop` in
    percentage points with its interval (`low`, `high`), and `drop_of_all` with every layer in 8 bits; `of` says of what
    ("top-1", "mAP", or "agreement" of the decisions, where the photos have no labels).
    """

    asked: str
    layers: tuple[FloatLayer, ...]
    ranked: int
    data: str | None = None
    photos: int | None = None
    of: str | None = None
    drop: float | None = None
    low: float | None = None
    high: float | None = None
    drop_of_all: float | None = None
