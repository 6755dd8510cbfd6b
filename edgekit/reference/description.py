"""What a bundle says of itself: the JSON in its safetensors metadata."""

import re
from typing import Annotated, Literal

from msgspec import Meta, Struct

from edgekit.inputs.preprocessing import Preprocessing
from edgekit.inputs.size import Size
from edgekit.reference.backends import BACKENDS, BackendName

SCHEMA = 1

Exactness = Literal["fp32", "inexact", "tf32", "fp16", "wrong"]

# Bundles come from anywhere, and their texts reach a terminal: one line, no control or direction characters.
_PRINTABLE = r"^[^\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]*\Z"
Text = Annotated[str, Meta(max_length=200, pattern=_PRINTABLE)]
Name = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*\Z")]
TensorName = Annotated[str, Meta(min_length=1, max_length=200, pattern=_PRINTABLE)]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
Count = Annotated[int, Meta(ge=1, le=1 << 24)]
Shape = Annotated[tuple[Count, ...], Meta(min_length=1, max_length=8)]
Side = Annotated[int, Meta(ge=1, le=8192)]
Sides = Annotated[tuple[Side, ...], Meta(min_length=2, max_length=2)]
Ratio = Annotated[float, Meta(ge=0)]
Time = Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00\Z")]


class ModelPart(Struct, frozen=True, forbid_unknown_fields=True):
    """Which network: names as in the catalog, and how many classes it tells apart."""

    name: Name
    family: Text
    architecture: Text
    class_count: Count


class WeightsPart(Struct, frozen=True, forbid_unknown_fields=True):
    """Which weights: as `--weights` names them (of a file its name alone), and the file's hash where there is one."""

    kind: Literal["official", "demo", "file", "synthetic", "program"]
    spec: Text
    sha256: Sha256 | None = None


class ProgramPart(Struct, frozen=True, forbid_unknown_fields=True):
    """The Paddle program that was run: the hashes of its graph and its parameters, and of the ONNX made from it.

    `input_size` is a side in pixels, or height and width. `onnx_sha256` is there where the backend ran the ONNX.
    """

    graph_sha256: Sha256
    parameters_sha256: Sha256
    input_size: Side | Sides
    batch: Annotated[int, Meta(ge=1, le=4096)] | Literal["dynamic"]
    onnx_sha256: Sha256 | None = None

    @property
    def size(self) -> Size:
        """Height and width of the input."""
        return Size.of(self.input_size)


class InputsPart(Struct, frozen=True, forbid_unknown_fields=True):
    """The golden inputs: their hash, and the recipe that makes the same bits anywhere (`edgekit.inputs.golden`).

    `photos` are the hashes of the bundled PNGs, in order; `synthetic` samples with `seed` follow. `stored` says
    that the tensors themselves are in the bundle as well.
    """

    samples_sha256: Sha256
    shapes: dict[TensorName, Shape]
    labels: Annotated[tuple[Text, ...], Meta(min_length=1, max_length=4096)]
    kinds: Annotated[tuple[Literal["photo", "synthetic"], ...], Meta(min_length=1, max_length=4096)]
    preprocessing: Preprocessing
    photos: Annotated[tuple[Sha256, ...], Meta(max_length=4096)]
    synthetic: Annotated[int, Meta(ge=0, le=4096)]
    seed: int = 0
    stored: bool = False


class DevicePart(Struct, frozen=True, forbid_unknown_fields=True):
    """Where it ran. `cuda` is the newest CUDA that the driver knows; a CPU has a name alone."""

    kind: Literal["gpu", "cpu"]
    name: Text
    compute_capability: Annotated[str, Meta(max_length=8, pattern=r"^\d+\.\d+\Z")] | None = None
    driver: Text | None = None
    cuda: Text | None = None


class BackendPart(Struct, frozen=True, forbid_unknown_fields=True):
    """What ran it: the distributions with their versions, and libraries (such as cuDNN) where the backend tells."""

    name: BackendName
    tools: Annotated[dict[Text, Text], Meta(max_length=32)]


class ArithmeticPart(Struct, frozen=True, forbid_unknown_fields=True):
    """What the backend was allowed: FP32 or FP16 arithmetic, and TF32 in the place of FP32."""

    compute: Literal["fp32", "fp16"] = "fp32"
    tf32: bool = False

    @property
    def is_fp32(self) -> bool:
        """Whether it was recorded as an FP32 reference; else it was recorded otherwise on purpose."""
        return self.compute == "fp32" and not self.tf32

    def __str__(self) -> str:
        if self.compute == "fp16":
            return "FP16 on purpose"
        return "FP32 with TF32 allowed on purpose" if self.tf32 else "FP32, TF32 off"


class OutputPart(Struct, frozen=True, forbid_unknown_fields=True):
    """One output: float32 [samples, ...], and the hash of its name, shape and values."""

    shape: Shape
    sha256: Sha256


class MeasuredPart(Struct, frozen=True, forbid_unknown_fields=True):
    """What the recording machine found of one output (information: whoever judges measures again).

    Relative errors against the float64 oracle, of the bundle and of Paddle in FP32 on that machine's CPU.
    """

    exactness: Exactness
    max_relative: Ratio
    rms_relative: Ratio
    paddle_max_relative: Ratio
    paddle_rms_relative: Ratio


class Description(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that a bundle says of itself. Raises `ValueError` where its parts contradict each other."""

    schema: int = SCHEMA
    edgekit: Text
    recorded: Time
    model: ModelPart
    weights: WeightsPart
    program: ProgramPart
    inputs: InputsPart
    backend: BackendPart
    device: DevicePart
    arithmetic: ArithmeticPart
    outputs: Annotated[dict[TensorName, OutputPart], Meta(min_length=1, max_length=16)]
    measured: dict[TensorName, MeasuredPart] = {}

    def __post_init__(self) -> None:
        count = len(self.inputs.labels)
        counts = {shape[0] for shape in (*self.inputs.shapes.values(), *(one.shape for one in self.outputs.values()))}
        if counts != {count} or len(self.inputs.kinds) != count:
            raise ValueError(f"its tensors hold {sorted(counts)} samples, and {count} are labelled")
        if (self.backend.name == "paddle-cpu") != (self.device.kind == "cpu"):
            raise ValueError(f"{self.backend.name} does not run on a {self.device.kind.upper()}")

    @property
    def is_gpu(self) -> bool:
        """Whether a GPU computed it."""
        return self.device.kind == "gpu"

    @property
    def title(self) -> str:
        """The reference in words, as verdicts name it."""
        backend = BACKENDS[self.backend.name]
        version = self.backend.tools.get(backend.tool, "")
        tool = f"{backend.title} {version}".strip()
        how = str(self.arithmetic) if self.is_gpu else "FP32"
        return f"{tool} on {self.device.name} ({how}), recorded {self.recorded[:10]}"

    @property
    def slug(self) -> str:
        """A file name's stem that tells bundles apart for people: letters, digits, dots, dashes."""
        parts = [
            self.model.name,
            f"{self.weights.kind}-{self.weights.spec}" if self.weights.kind == "file" else self.weights.spec,
            f"{self.program.size}px",
            f"batch-{self.program.batch}",
            self.backend.name,
            self.device.name if self.is_gpu else "",
            "" if self.arithmetic.is_fp32 else (self.arithmetic.compute if not self.arithmetic.tf32 else "tf32"),
        ]
        plain = [re.sub(r"[^A-Za-z0-9._]+", "-", part).strip("-.")[:40] for part in parts]
        return "_".join(part for part in plain if part)
