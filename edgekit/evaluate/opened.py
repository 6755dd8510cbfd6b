"""A data set as one model counts it: opened, and checked before anything is run."""

from collections.abc import Collection, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from edgekit.artifact.manifest import ModelRecord, TensorSpec
from edgekit.calibration.prepared import CalibrationFile
from edgekit.conversion.manifest import model_record, tensor_specs
from edgekit.data.disjoint import check_disjoint
from edgekit.errors import EdgekitError, UsageError
from edgekit.evaluate.dataset import Dataset, Photo, chosen, dataset, open_dataset
from edgekit.parity.verdict import OutputKind
from edgekit.pipeline.execute import Executor
from edgekit.pipeline.output_kinds import told_outputs
from edgekit.pipeline.program import program_stage
from edgekit.pipeline.source import ModelSource


@dataclass(frozen=True)
class Opened:
    """The photos with their labels; how many `classes` are counted, and of which `kind` the model's values are."""

    photos: Dataset
    classes: int
    kind: OutputKind


@contextmanager
def opened(data: str, listed: Path | None, model: ModelRecord, output: TensorSpec) -> Iterator[Opened]:
    """The data set for a model with this first output, open while the block runs.

    `data` and `listed` are as in `open_dataset`. Raises UsageError for what is no data set, labels that do not fit, or
    a model without classes.
    """
    width = width_of(model, output)
    layout, reader = open_dataset(data, listed)
    with closing(reader):
        # Of PaddleClas's own networks with several labels the sigmoid is not a part.
        assert output.kind != "image"  # that is an input
        kind = "sigmoid" if layout.kind == "labels" and output.kind == "logits" else output.kind
        classes = width if kind == "sigmoid" else max(2, width)
        yield Opened(dataset(layout, reader, model.class_names, classes, kind == "sigmoid"), classes, kind)


def width_of(model: ModelRecord, output: TensorSpec) -> int:
    """How many values the first output has for a photo. Raises UsageError where that is not a value for each class."""
    from math import prod

    if output.kind == "features":
        raise UsageError(
            f"{model.name} gives features, not classes", "Only classifiers can be right or wrong about photos."
        )
    width = prod(output.shape[1:])
    if width < 1:
        raise UsageError(f"{model.name} gives an output of any size", "Convert it with a fixed size.")
    return width


def check_there(data: str) -> None:
    """Raise UsageError for what is no data set: before a model is known."""
    _, reader = open_dataset(data)
    reader.close()


def check_fits(
    source: ModelSource, executor: Executor, data: str, limit: int | None, calibration: CalibrationFile | None
) -> None:
    """Raise the UsageError that `evaluate` would end with much later, once the artifacts are there.

    That is for a model without classes, labels that do not fit, and photos that the model is calibrated on. Makes the
    program, whose outputs are counted, and raises what that ends with.
    """
    stage = program_stage(source)
    described = executor.run([stage]).result(stage).details["outputs"]
    outputs = tensor_specs(told_outputs(source, described), {})
    with opened(data, None, model_record(source, outputs), outputs[0]) as found:
        if calibration is not None:
            photos = chosen(found.photos.photos, limit, None)
            check_disjoint(calibration.record.photos, hashes_of(photos, calibration.sizes), "to evaluate")


def hashes_of(photos: Iterable[Photo], sizes: Collection[int]) -> dict[str, str]:
    """The SHA-256 of photos, by name: of those whose files have one of the `sizes`, and can be read."""
    found = {}
    for photo in photos:
        try:
            if photo.size() in sizes:
                found[photo.name] = sha256(photo.read()).hexdigest()
        except EdgekitError:
            continue  # it is counted as unread when its turn comes
    return found
