"""The manifest of an artifact: weights hash -> tool versions -> file hashes -> verdicts."""

from collections.abc import Collection
from typing import Literal

from msgspec import Struct, field

from edgekit.inputs.preprocessing import Preprocessing
from edgekit.ledger.ledger import Ledger
from edgekit.parity import Tolerance, Verdict
from edgekit.parity.verdict import OutputKind, Precision
from edgekit.pipeline.float_layers import AccuracyControl

SCHEMA = 2
"""2: sizes are [height, width], and `preprocessing` may stretch, pad, and make other channels. 1 loads as well."""
FILE = "manifest.json"
SIGNATURE = f"{FILE}.minisig"
"""As minisign calls it: the signature of `FILE`."""

TensorKind = OutputKind | Literal["image"]
Layout = Literal["NHWC"]
RewrittenGraph = Literal["program", "speed", "target"]


class TensorSpec(Struct, frozen=True):
    """An input or output: its `name` in the Paddle program, what the target calls it, shape and dtype.

    An extent of -1 may be anything. `layout` is "NHWC" where the target's file takes an image with its channels last,
    and its shape is in that order then; edgekit hands a runner [N, C, H, W] all the same, and the runner turns it.
    `kind` is an output's (`parity.verdict.OutputKind`), and "image" for an input;
    `known_from` says in words how an output's kind is known, and is empty where nothing was known. `thresholds` are
    those above which a sigmoid's labels are given, one for all or one for each; 0.5 where there are none.
    """

    name: str
    target_name: str
    shape: tuple[int, ...]
    dtype: str
    kind: TensorKind = "logits"
    known_from: str = ""
    thresholds: tuple[float, ...] = ()
    layout: Layout | None = None

    @property
    def program_shape(self) -> tuple[int, ...]:
        """The shape in the program's order of axes, in which an image is [N, C, H, W]."""
        if self.layout is None:
            return self.shape
        batch, height, width, channels = self.shape
        return (batch, channels, height, width)


class ModelRecord(Struct, frozen=True):
    """Which model it is. `class_names` where they are known; `labels` is what was given to `--labels`.

    `class_count` is of its classes or labels; a model that gives features has none, and `feature_count` components.
    """

    name: str
    family: str
    architecture: str
    class_count: int | None
    class_names: tuple[str, ...] | None = None
    labels: str | None = None
    feature_count: int | None = None


class WeightsRecord(Struct, frozen=True):
    """Which weights: the `kind` (official, demo, file, synthetic), what to give to `--weights`, their SHA-256.

    Of a program from elsewhere, kind "program", `spec` is its path. `prefix` is what was given to `--weights-prefix`.
    """

    kind: str
    spec: str
    sha256: str
    note: str | None = None
    prefix: str | None = None


class ConfigurationRecord(Struct, frozen=True):
    """The configuration that says how photos are prepared: its file, its hash and whose form it has.

    `asked` is what was given to `--config`, None where it lay beside the model; with "none" there is no file.
    """

    file: str | None = None
    sha256: str | None = None
    form: str | None = None
    asked: str | None = None


class RecipeRecord(Struct, frozen=True):
    """A user's own recipe: its file and hash, and the tolerance that verdicts follow."""

    file: str
    sha256: str
    tolerance: Tolerance


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
    """One rewrite: how many places it changed, and why it refused the others.

    `of` the program, for all targets; of the program for `speed`; or of what this target's converter reads.
    `machines` are the instruction sets that the recipe binds one for speed to, on which it was measured to pay.
    """

    name: str
    applied: int
    refused: tuple[str, ...] = ()
    of: RewrittenGraph = "target"
    machines: tuple[str, ...] = ()


class SamplesRecord(Struct, frozen=True):
    """The golden inputs of the verdicts: the SHA-256 of their tensors, how many were photos and how many synthetic.

    Of the user's own photos, `folder` and the SHA-256 of each file by its name in it; else they are the bundled ones.
    """

    samples_sha256: str
    photos: int
    synthetic: int
    folder: str | None = None
    files: dict[str, str] = field(default_factory=dict)


class CalibrationRecord(Struct, frozen=True):
    """What a quantisation was calibrated on: the folder, or "bundled" for the pictures that edgekit makes.

    `samples_sha256` is the hash of the prepared values, `photos` the SHA-256 of each file by its name. Left out were
    those that could not be read, and those that repeat others.
    """

    source: str
    samples_sha256: str
    photos: dict[str, str]
    unreadable: int = 0
    repeated: int = 0


class VariantVerdict(Struct, frozen=True):
    """What verification found of one variant (such as `x86`); `latency` in milliseconds where it ran.

    `device` is what it ran on where that is not the machine's processor, and `machine` the emulated one, or the phone
    or board (`adb:SERIAL`, `ssh:HOST`), by its name. `ledger` accounts for what it stores. `tolerance` says
    whose rules judged (`edgekit.artifact.rules`).
    """

    variant: str
    verdict: Verdict
    latency: dict[str, float] | None = None
    peak_memory_bytes: int | None = None
    inspection: str | None = None
    device: str | None = None
    ledger: Ledger | None = None
    tolerance: str | None = None
    machine: str | None = None


class ManifestHead(Struct, frozen=True):
    """What every manifest says first, of any schema."""

    schema: int
    edgekit: str


class Manifest(Struct, frozen=True, kw_only=True):
    """Everything an artifact says of itself. `program_key` finds the program it was made from in the cache.

    `speed_rewrites` is False where the user wanted the graph as it was written (`--no-speed-rewrites`). `made_for` is
    the instruction set that the recipe's were chosen for (`--for`); None where none were, and in older manifests.
    `preprocessing_flags` are the fields of `preprocessing` that the user gave on the command line. `build` is what the
    converter says of the files where they depend on more than the model: for which devices. `settings` are options of
    the runtime that were measured to be fastest (docs/performance.md); empty for its usual ones. With
    `embedded_preprocessing` the model takes uint8 [N, H, W, C], resized and cropped as `preprocessing` says, and does
    the rest itself. `golden`, once verified, is the file with golden inputs and the oracle's outputs, `ranges`, of FP16
    and INT8, that with what values the layers take, and `samples` says which inputs the verdicts are of. `calibration`
    says what the ranges of an INT8 artifact are from, and `accuracy_control` why some of its layers are in floating
    point, where edgekit has chosen them.
    """

    schema: int = SCHEMA
    edgekit: str
    target: str
    precision: Precision
    batch: int | Literal["dynamic"]
    model: ModelRecord
    weights: WeightsRecord
    recipe: RecipeRecord | None = None
    configuration: ConfigurationRecord | None = None
    preprocessing: Preprocessing
    preprocessing_flags: dict[str, str | int | float | list[float]] = field(default_factory=dict)
    embedded_preprocessing: bool = False
    speed_rewrites: bool = True
    made_for: str | None = None
    build: dict[str, str | list[str]] = field(default_factory=dict)
    settings: dict[str, bool | int | str] = field(default_factory=dict)
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    program_key: str
    stages: tuple[StageRecord, ...]
    rewrites: tuple[RewriteRecord, ...]
    files: dict[str, FileRecord]
    verdicts: tuple[VariantVerdict, ...] = field(default_factory=tuple)
    golden: dict[str, FileRecord] = field(default_factory=dict)
    ranges: dict[str, FileRecord] = field(default_factory=dict)
    samples: SamplesRecord | None = None
    calibration: CalibrationRecord | None = None
    accuracy_control: AccuracyControl | None = None

    @property
    def named_files(self) -> dict[str, FileRecord]:
        """All files of the artifact besides the manifest itself: the target's own, and what verification adds."""
        return {**self.files, **self.golden, **self.ranges}

    def bytes_of(self, roles: Collection[str]) -> int:
        """The size of the files with these roles, such as those that a variant loads."""
        return sum(record.bytes for record in self.files.values() if record.role in roles)
