"""What is converted: a model of the catalog with weights, or a program that somebody exported."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from msgspec.structs import replace

from edgekit.catalog import Model
from edgekit.catalog.model import IMAGENET_CLASSES
from edgekit.configuration.labels import IMAGENET, Labels, bundled_labels
from edgekit.errors import ConversionError, UsageError
from edgekit.inputs.photo_folder import PhotoFolder
from edgekit.inputs.preprocessing import Preprocessing
from edgekit.inputs.size import Size
from edgekit.parity.verdict import OutputKind
from edgekit.pipeline.description import Description, describe_program, describe_weights
from edgekit.pipeline.stage import SourceFile
from edgekit.program.files import ProgramFiles, find_program
from edgekit.recipe.load import default_recipe, load_recipe, recipe_for
from edgekit.recipe.schema import Recipe
from edgekit.untrusted.files import resolved
from edgekit.weights import ResolvedWeights

Batch = int | Literal["dynamic"]
"""Samples per call; "dynamic" is any number of them."""

SMALLEST, LARGEST = 16, 1024
"""Sides of an input, in pixels: from less than MNIST's 28 to more than any published classifier's."""

LONGEST_NAME = 200  # bytes in UTF-8: file systems take 255, and endings are added to it


@dataclass(frozen=True, kw_only=True)
class ModelSource:
    """A model ready for the pipeline; `batch` is what the program is exported with.

    `recipe_file` is the user's own recipe, where there is one; `recipe` is what it says, or the family's. `described`
    is what is known besides: its configuration counts more than the recipe. `changes` are the user's fields of the
    preprocessing, which count most. `output_kinds` is what the user says of the outputs, by their names, "" for all.
    """

    recipe: Recipe
    weights: ResolvedWeights
    batch: Batch = 1
    recipe_file: Path | None = None
    described: Description = field(default_factory=Description)
    changes: Mapping[str, Any] = field(default_factory=dict)
    output_kinds: Mapping[str, OutputKind] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The model's name, also that of its folder."""
        raise NotImplementedError

    @property
    def family(self) -> str:
        """Its family in the catalog, or the recipe's for a program from elsewhere."""
        raise NotImplementedError

    @property
    def architecture_name(self) -> str:
        """The architecture's name, or what is known instead."""
        raise NotImplementedError

    @property
    def parameters(self) -> int | None:
        """About how many trained values it has, where that is known before anything runs."""
        raise NotImplementedError

    def preprocessing_at(self, size: Size, channels: int = 3) -> Preprocessing:
        """How images become the program's input, of that size and with so many channels."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class CatalogSource(ModelSource):
    """A model of the catalog with weights for it, at `input_size`."""

    model: Model
    preprocessing: Preprocessing
    input_size: Size

    @property
    def name(self) -> str:
        """The model's name in the catalog."""
        return self.model.name

    @property
    def family(self) -> str:
        """Its family in the catalog."""
        return self.model.family

    @property
    def architecture_name(self) -> str:
        """Several models may share an architecture."""
        return self.model.architecture.name

    @property
    def parameters(self) -> int | None:
        """As counted with 1000 classes."""
        return self.model.architecture.parameters

    def preprocessing_at(self, size: Size, channels: int = 3) -> Preprocessing:
        """The program is exported at the size that was asked for."""
        assert size == self.input_size
        return checked_channels(self.preprocessing, channels, self.name)

    @property
    def class_count(self) -> int:
        """How many classes synthetic weights are made for: as many as the published ones have."""
        return self.model.class_count

    @property
    def architecture(self) -> dict[str, Any]:
        """The architecture as the Paddle workers take it."""
        return self.model.architecture.as_option()


@dataclass(frozen=True, kw_only=True)
class ProgramSource(ModelSource):
    """A Paddle inference model from elsewhere.

    `input_size` is what the user asked for; None leaves it to the program, and where that leaves it open, to the
    configuration, then to the recipe.
    """

    files: ProgramFiles
    given_name: str
    input_size: Size | None = None

    @property
    def name(self) -> str:
        """The folder's name, or the one that the user gave."""
        return self.given_name

    @property
    def family(self) -> str:
        """The recipe's: nobody else knows."""
        return self.recipe.family

    @property
    def architecture_name(self) -> str:
        """A program does not say what it was built from."""
        return f"the program {self.files.graph.name}"

    @property
    def parameters(self) -> int | None:
        """From the size of its parameters in FP32."""
        return self.files.parameter_bytes // 4

    @property
    def size_is_said(self) -> bool:
        """Whether the user, or the program's configuration, gives the size."""
        return self.input_size is not None or self.configured_size is not None

    @property
    def configured_size(self) -> Size | None:
        """The size that the program's configuration names, None where none does."""
        return self.described.configuration.size if self.described.configuration else None

    @property
    def usual_size(self) -> Size:
        """The size where neither the user nor the program fixes one."""
        return self.configured_size or self.recipe.preprocessing.input_size

    @property
    def usual_channels(self) -> int:
        """How many channels the input has where the program leaves them open."""
        return self.usual_preprocessing.channels

    @property
    def usual_preprocessing(self) -> Preprocessing:
        """How images are prepared as far as it is known before the program's own size is: without `resize_short`."""
        changes = {name: value for name, value in self.changes.items() if self.input_size or name != "resize_short"}
        return self._prepared(self.input_size or self.usual_size, changes)

    def preprocessing_at(self, size: Size, channels: int = 3) -> Preprocessing:
        """The recipe's, with what the program's configuration says, with the user's flags.

        Raises UsageError where the configuration crops to another size than the program takes, and where it is for
        other channels.
        """
        configuration = self.described.configuration
        named = configuration.size if configuration else None
        if configuration and named and named != size and self.input_size is None:
            raise UsageError(
                f"{configuration.path} prepares images of {named} px, and {self.files.graph} takes {size} px",
                f"Say which is right: --input-size {named} or --input-size {size}.",
            )
        return checked_channels(self._prepared(size, self.changes), channels, str(self.files.graph))

    def _prepared(self, size: Size, changes: Mapping[str, Any]) -> Preprocessing:
        configuration = self.described.configuration
        if configuration is None or not configuration.preprocessing:
            return fitted(self.recipe.preprocessing, size, changes)
        said = {"crop": configuration.size or size, **configuration.preprocessing}
        return fitted(changed(self.recipe.preprocessing, said), size, changes)


def catalog_source(
    model: Model,
    weights: ResolvedWeights,
    *,
    input_size: Size | int | None = None,
    batch: Batch = 1,
    recipe_file: Path | None = None,
    config: str | None = None,
    labels: str | None = None,
    changes: Mapping[str, Any] | None = None,
    output_kinds: Mapping[str, OutputKind] | None = None,
) -> CatalogSource:
    """Join a catalog model with its weights and the recipe in `recipe_file`, or its family's.

    The input size is the one asked for, else that of the configuration `config`, else that of the weights (the demo
    weights are of 64 px), else the published one. `labels` names the classes (a file, or "imagenet"). `changes`
    replace fields of the preprocessing. Raises UsageError for an impossible size, batch, configuration or
    preprocessing, ConversionError for a model that PaddleClas itself cannot run.
    """
    if model.unsupported:
        raise ConversionError(
            f"{model.name} cannot be exported: {model.unsupported}", "Another model of its family may do."
        )
    described = describe_weights(weights, config, labels, published_names(model))
    configuration = described.configuration
    configured = configuration.size if configuration else None
    size = Size.of(input_size or configured or weights.input_size or model.input_size)
    recipe = load_recipe(recipe_file, model.family) if recipe_file else recipe_for(model.family)
    preprocessing, usual = recipe.preprocessing, default_recipe().preprocessing
    if (preprocessing.crop, preprocessing.resize_short) == (usual.crop, usual.resize_short):
        # A recipe is for a family; its models differ in size. One that names sizes of its own means them.
        preprocessing = changed(preprocessing, evaluation(model))
    if weights.input_size:
        # Weights trained at another size come with the resize they were trained with: none beyond the crop.
        preprocessing = replace(preprocessing, crop=weights.input_size, resize_short=weights.input_size)
    if configuration is not None and configuration.preprocessing:
        preprocessing = changed(preprocessing, {"crop": size, **configuration.preprocessing})
    return CatalogSource(
        model=model,
        weights=weights,
        recipe=recipe,
        recipe_file=recipe_file,
        preprocessing=fitted(preprocessing, size, changes or {}),
        input_size=size,
        changes=dict(changes or {}),
        batch=checked_batch(batch),
        described=described,
        output_kinds=dict(output_kinds or {}),
    )


def published_names(model: Model) -> Labels | None:
    """What the classes of a model's published weights are called; None where it is not known, or there are none."""
    if model.labels is not None:
        return Labels(model.labels, f"PaddleClas's list for {model.name}")
    of_imagenet = model.outputs_are == "classes" and model.class_count == IMAGENET_CLASSES
    return bundled_labels(IMAGENET) if of_imagenet else None


def evaluation(model: Model) -> dict[str, Any]:
    """The fields of the preprocessing that are the model's own."""
    short = {} if model.resize_short is None else {"resize_short": model.resize_short}
    return {"crop": model.input_size, **short, **model.preprocessing}


def program_source(
    path: Path,
    cache: Path,
    *,
    name: str | None = None,
    input_size: Size | int | None = None,
    batch: Batch = 1,
    recipe_file: Path | None = None,
    config: str | None = None,
    labels: str | None = None,
    changes: Mapping[str, Any] | None = None,
    output_kinds: Mapping[str, OutputKind] | None = None,
) -> ProgramSource:
    """The inference model that `path` means, with `recipe_file`'s recipe or the default one.

    `config` is the configuration to follow ("none" for none), None for the one beside the program; `labels` names the
    classes (a file, or "imagenet"). `cache` remembers hashes. Raises UsageError where it is no such model, and for an
    impossible size, batch, configuration or name.
    """
    files = find_program(path, cache)
    weights = ResolvedWeights(
        kind="program",
        spec=str(path),
        label=f"program {path}",
        path=files.parameters[0],
        sha256=files.parameters_sha256,
    )
    recipe = load_recipe(recipe_file) if recipe_file else default_recipe()
    source = ProgramSource(
        recipe=recipe,
        recipe_file=recipe_file,
        weights=weights,
        batch=checked_batch(batch),
        files=files,
        given_name=folder_name(name or default_name(files)),
        input_size=None if input_size is None else Size.of(input_size),
        described=describe_program(files.graph.parent, config, labels),
        changes=dict(changes or {}),
        output_kinds=dict(output_kinds or {}),
    )
    # What cannot be is said before minutes are spent.
    _ = source.usual_preprocessing
    return source


def default_name(files: ProgramFiles) -> str:
    """What a program is called: its file, unless that is called as all of them are; then its folder."""
    stem = files.graph.stem
    return resolved(files.graph).parent.name if stem in ("inference", "model", "__model__") else stem


def folder_name(name: str) -> str:
    """`name` as that of a folder and of files: letters, marks and digits of any script are kept, and `.`, `_`, `-`.

    Raises UsageError where nothing is left of it, or too much for a file's name.
    """
    kept = [
        letter if letter in "._-" or unicodedata.category(letter)[0] in "LMN" else " "
        for letter in unicodedata.normalize("NFC", name)
    ]
    plain = "_".join("".join(kept).split()).strip("._")
    if not plain:
        raise UsageError(f"{name!r} cannot be a folder's name", "Give the model one with --name.")
    if len(plain.encode()) > LONGEST_NAME:
        raise UsageError(f"{plain} is too long for a file's name", "Give the model a shorter one with --name.")
    return plain


def checked_channels(preprocessing: Preprocessing, channels: int, name: str) -> Preprocessing:
    """`preprocessing`; raises UsageError where it makes other channels than the model takes."""
    if preprocessing.channels == channels:
        return preprocessing
    values = ",".join(["0.5"] * channels)
    order = {1: "GRAY", 3: "RGB", 4: "RGBA"}[channels]
    raise UsageError(
        f"{name} takes {channels} channel{'s' * (channels > 1)}, and photos are prepared with {preprocessing.channels} "
        f"({preprocessing.channel_order})",
        f"Say how it was trained, as in --channel-order {order} --mean {values} --std {values} "
        "(docs/preprocessing.md has the other orders).",
    )


def fitted(preprocessing: Preprocessing, size: Size, changes: Mapping[str, Any]) -> Preprocessing:
    """`preprocessing` for an input of `size`, with `changes` over it. Raises UsageError where that cannot be."""
    if min(size) < SMALLEST or max(size) > LARGEST:
        raise UsageError(
            f"an input size of {size} px is out of range", f"Choose one from {SMALLEST} to {LARGEST} a side."
        )
    if size != preprocessing.input_size:
        preprocessing = preprocessing.scaled_to(size)
    return changed(preprocessing, changes)


def changed(preprocessing: Preprocessing, changes: Mapping[str, Any]) -> Preprocessing:
    """`preprocessing` with some fields replaced. Raises UsageError for values that cannot be."""
    import msgspec

    try:
        return msgspec.convert({**msgspec.to_builtins(preprocessing), **changes}, Preprocessing)
    except msgspec.ValidationError as error:
        raise UsageError(f"the preprocessing asked for is impossible: {error}") from None


def checked_batch(batch: Batch) -> Batch:
    """`batch`; raises UsageError for an impossible one."""
    if batch != "dynamic" and batch < 1:
        raise UsageError(f"a batch of {batch} is impossible", "Choose 1 or more, or dynamic.")
    return batch


@dataclass(frozen=True)
class GoldenFile:
    """Golden inputs on disk: a safetensors file, the hash of its tensors, each sample's label and kind.

    `own` is where the photos are from, unless they are the bundled ones. `content` is the hash of the file's bytes.
    """

    path: Path
    sha256: str
    labels: tuple[str, ...]
    kinds: tuple[str, ...]
    own: PhotoFolder | None = None
    content: str = ""

    @property
    def source(self) -> SourceFile:
        """As the input of a stage, whose key follows the tensors."""
        return SourceFile(self.path, self.sha256, self.content)
