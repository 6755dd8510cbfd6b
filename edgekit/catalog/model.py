"""What the catalog says of one model."""

from dataclasses import dataclass, field
from typing import Any, Literal

from edgekit.inputs.size import Size

IMAGENET_CLASSES = 1000
UrlSource = Literal["code", "rule", "docs"]
# One class of several; any number of labels, each by itself; numbers that are compared with each other.
OutputsAre = Literal["classes", "labels", "features"]


@dataclass(frozen=True)
class Architecture:
    """Where PaddleClas builds a network: a factory in one of its files under `ppcls/arch/backbone`."""

    name: str
    family: str
    module: str  # dotted, below ppcls.arch.backbone: "model_zoo.mixnet"
    factory: str  # the function or class in that module
    head: str | None  # the classifier's weight by its structured name; None where there are no classes
    arguments: dict[str, Any] = field(default_factory=dict)  # extra keyword arguments of the factory
    global_pool: str | None = None  # a final pool of fixed size, by its structured name, to be made global
    parameters: int | None = None  # counted as built with 1000 classes, without batch-norm statistics
    class_argument: str | None = "class_num"  # what the factory calls the number of classes; None: it takes none
    last: tuple[str, ...] = ()  # the layers that make the output, where those are others than the head
    neck: dict[str, Any] | None = None  # what makes features of a recogniser's backbone
    sides_multiple_of: int = 1  # both sides of an input must be, where windows tile it; 1: any size is taken

    def takes(self, size: Size) -> bool:
        """Whether inputs of that size fit, as far as it is known before it is built."""
        return all(side % self.sides_multiple_of == 0 for side in size)

    def as_option(self) -> dict[str, Any]:
        """Return the `architecture` option of the Paddle workers: what they need to build the network."""
        option: dict[str, Any] = {
            "name": self.name,
            "module": self.module,
            "factory": self.factory,
            "head": self.head,
            "arguments": dict(self.arguments),
        }
        usual = {"global_pool": None, "class_argument": "class_num", "last": (), "neck": None}
        own = {key: getattr(self, key) for key, value in usual.items() if getattr(self, key) != value}
        return option | {key: list(value) if isinstance(value, tuple) else value for key, value in own.items()}


@dataclass(frozen=True)
class Latency:
    """One published time per batch, in milliseconds."""

    gpu: str  # "V100" or "T4"
    precision: str  # "fp32" or "fp16"
    batch: int
    milliseconds: float
    engine: str = "TensorRT"


@dataclass(frozen=True)
class TaskFigures:
    """What PULC's list says of a task's model, on the task's own photos.

    `metric` is "TprAtFpr" (true positives where few are false), "mA" (the mean over attributes) or "top-1", `value` a
    fraction. `milliseconds` are of one photo on a Xeon Gold 6148, Paddle with oneDNN and 10 threads.
    """

    metric: str
    value: float
    milliseconds: float


@dataclass(frozen=True)
class Published:
    """The figures of PaddleClas's model pages, exactly as published; None is "not published".

    Accuracies are fractions on ImageNet-1k's validation set, `reference_*` the paper's; FLOPs are in 10^9,
    parameters in 10^6.
    """

    top1: float | None
    top5: float | None
    reference_top1: float | None
    reference_top5: float | None
    flops_g: float | None
    params_m: float | None
    latency: tuple[Latency, ...] = ()
    task: TaskFigures | None = None

    def milliseconds(self, gpu: str, precision: str, batch: int) -> float | None:
        """Return the published time per batch on "V100" or "T4" at "fp32" or "fp16", or None."""
        for one in self.latency:
            if (one.gpu, one.precision, one.batch) == (gpu, precision, batch):
                return one.milliseconds
        return None


@dataclass(frozen=True)
class Model:
    """An architecture with one set of published weights."""

    name: str
    family: str
    architecture: Architecture
    input_size: int | tuple[int, int]  # pixels: a square's side, or height and width
    resize_short: int | None  # pixels: the photo's short side before the centre crop; None: it is stretched
    official_url: str | None  # None: PaddleClas publishes no weights of it
    url_source: UrlSource  # held by PaddleClas's code, derived by its rule, or listed in its documentation
    url_note: str | None  # what a user of the official weights should know
    demo_weights: bool  # the package holds small weights of the project's own
    published: Published
    documented: bool = True  # one of the 47 that docs/support.md has all of
    preprocessing: dict[str, Any] = field(default_factory=dict)  # what differs from the recipe's, by its fields' names
    outputs_are: OutputsAre = "classes"
    class_count: int = IMAGENET_CLASSES  # how many outputs the published weights have
    labels: tuple[str, ...] | None = None  # the classes' names, where they are not ImageNet's
    unsupported: str | None = None  # why PaddleClas cannot build or run it
