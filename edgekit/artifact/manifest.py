"""The manifest of an artifact: weights hash -> tool versions -> file hashes -> verdicts."""

from msgspec import Struct, field

from edgekit.inputs.preprocessing import Preprocessing
from edgekit.parity import Verdict
from edgekit.parity.verdict import Precision

SCHEMA = 1
FILE = "manifest.json"


class TensorSpec(Struct, frozen=True):
    """An input or output: its `name` in the Paddle program, what the target calls it, shape and dtype."""

    name: str
    target_name: str
    shape: tuple[int, ...]
    dtype: str


class ModelRecord(Struct, frozen=True):
    """Which model it is. `class_names` where the weights come with them."""

    name: str
    family: str
    architecture: str
    class_count: int
    class_names: tuple[str, ...] | None = None


class WeightsRecord(Struct, frozen=True):
    """Which weights: the `kind` (official, demo, file, synthetic), what to give to `--weights`, their SHA-256."""

    kind: str
    spec: str
    sha256: str
    note: str | None = None


class FileRecord(Struct, frozen=True):
    """One file: its SHA-256, its size, and what the converter calls it."""

    sha256: str
    bytes: int
    role: str


class StageRecord(Struct, frozen=True):
    """One step that led here: its key in the cache, its tools with their versions, the worker's seconds."""

    stage: str
    key: str
    tools: dict[str, str]
    seconds: float


class RewriteRecord(Struct, frozen=True):
    """One rewrite: how many places it changed, and why it refused the others."""

    name: str
    applied: int
    refused: tuple[str, ...] = ()


class VariantVerdict(Struct, frozen=True):
    """What verification found of one variant (such as `x86`); `latency` in milliseconds on this machine."""

    variant: str
    verdict: Verdict
    latency: dict[str, float] | None = None
    peak_memory_bytes: int | None = None
    inspection: str | None = None


class Manifest(Struct, frozen=True, kw_only=True):
    """Everything an artifact says of itself. `program_key` finds the program it was made from in the cache."""

    schema: int = SCHEMA
    edgekit: str
    target: str
    precision: Precision
    batch: int
    model: ModelRecord
    weights: WeightsRecord
    preprocessing: Preprocessing
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    program_key: str
    stages: tuple[StageRecord, ...]
    rewrites: tuple[RewriteRecord, ...]
    files: dict[str, FileRecord]
    verdicts: tuple[VariantVerdict, ...] = field(default_factory=tuple)
