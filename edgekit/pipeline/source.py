"""What is converted: a model of the catalog with weights, or a program that somebody exported."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from msgspec.structs import replace

from edgekit.catalog import Model
from edgekit.errors import UsageError
from edgekit.inputs.photo_folder import PhotoFolder
from edgekit.inputs.preprocessing import Preprocessing
from edgekit.parity.verdict import OutputKind
from edgekit.program.files import ProgramFiles, find_program
from edgekit.program.inference_config import InferenceConfig, inference_config
from edgekit.recipe.load import default_recipe, load_recipe, recipe_for
from edgekit.recipe.schema import Recipe
from edgekit.weights import ResolvedWeights

Batch = int | Literal["dynamic"]
"""Samples per call; "dynamic" is any number of them."""


@dataclass(frozen=True, kw_only=True)
class ModelSource:
    """A model ready for the pipeline; `batch` is what the program is exported with.

    `recipe_file` is the user's own recipe, where there is one; `recipe` is what it says, or the family's.
    `output_kinds` is what the user says of the outputs, by their names, "" for all.
    """

    recipe: Recipe
    weights: ResolvedWeights
    batch: Batch = 1
    recipe_file: Path | None = None
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

    def preprocessing_at(self, size: int) -> Preprocessing:
        """How images become inputs of `size` pixels, the side of the program's square input."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class CatalogSource(ModelSource):
    """A model of the catalog with weights for it, at `input_size` pixels."""

    model: Model
    preprocessing: Preprocessing
    input_size: int

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

    def preprocessing_at(self, size: int) -> Preprocessing:
        """The program is exported at the size that was asked for."""
        assert size == self.input_size
        return self.preprocessing

    @property
    def class_count(self) -> int:
        """How many classes synthetic weights are made for: ImageNet's, as the published ones."""
        return 1000

    @property
    def architecture(self) -> dict[str, Any]:
        """The architecture as the Paddle workers take it."""
        return self.model.architecture.as_option()


@dataclass(frozen=True, kw_only=True)
class ProgramSource(ModelSource):
    """A Paddle inference model from elsewhere.

    `input_size` (pixels) is what the user asked for; None leaves it to the program, and where that leaves it open,
    to the recipe. `config` is the configuration found beside the program; `changes` are the user's own fields of the
    preprocessing, which count more.
    """

    files: ProgramFiles
    given_name: str
    input_size: int | None = None
    config: InferenceConfig | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)

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
        """Whether the user, or the configuration beside the program, gives the size."""
        return self.input_size is not None or (self.config is not None and "crop" in self.config.preprocessing)

    @property
    def usual_size(self) -> int:
        """The side in pixels where neither the user nor the program fixes one."""
        found = self.config.preprocessing.get("crop") if self.config else None
        return found or self.recipe.preprocessing.crop

    def preprocessing_at(self, size: int) -> Preprocessing:
        """The recipe's, with what the configuration beside the program says, with the user's flags.

        Raises UsageError where the configuration crops to another size than the program takes.
        """
        said = dict(self.config.preprocessing) if self.config else {}
        crop = said.get("crop", size)
        if crop != size and self.input_size is None:
            assert self.config is not None
            raise UsageError(
                f"{self.config.path} crops images to {crop} px, and {self.files.graph} takes {size} px",
                f"Say which is right: --input-size {crop} or --input-size {size}.",
            )
        preprocessing = changed(self.recipe.preprocessing, said) if said else self.recipe.preprocessing
        return fitted(preprocessing, size, self.changes)


def catalog_source(
    model: Model,
    weights: ResolvedWeights,
    *,
    input_size: int | None = None,
    batch: Batch = 1,
    recipe_file: Path | None = None,
    changes: Mapping[str, Any] | None = None,
    output_kinds: Mapping[str, OutputKind] | None = None,
) -> CatalogSource:
    """Join a catalog model with its weights and the recipe in `recipe_file`, or its family's.

    The input size is the one asked for, else that of the weights (the demo weights are of 64 px), else the
    published one. `changes` replace fields of the preprocessing. Raises UsageError for an impossible size, batch or
    preprocessing.
    """
    size = input_size or weights.input_size or model.input_size
    recipe = load_recipe(recipe_file, model.family) if recipe_file else recipe_for(model.family)
    preprocessing, usual = recipe.preprocessing, default_recipe().preprocessing
    if (preprocessing.crop, preprocessing.resize_short) == (usual.crop, usual.resize_short):
        # A recipe is for a family; its models differ in size. One that names sizes of its own means them.
        preprocessing = replace(preprocessing, crop=model.input_size, resize_short=model.resize_short)
    if weights.input_size:
        # Weights trained at another size come with the resize they were trained with: none beyond the crop.
        preprocessing = replace(preprocessing, crop=weights.input_size, resize_short=weights.input_size)
    return CatalogSource(
        model=model,
        weights=weights,
        recipe=recipe,
        recipe_file=recipe_file,
        preprocessing=fitted(preprocessing, size, changes or {}),
        input_size=size,
        batch=checked_batch(batch),
        output_kinds=dict(output_kinds or {}),
    )


def program_source(
    path: Path,
    cache: Path,
    *,
    name: str | None = None,
    input_size: int | None = None,
    batch: Batch = 1,
    recipe_file: Path | None = None,
    changes: Mapping[str, Any] | None = None,
    output_kinds: Mapping[str, OutputKind] | None = None,
) -> ProgramSource:
    """The inference model that `path` means, with `recipe_file`'s recipe or the default one.

    `cache` remembers hashes. Raises UsageError where it is no such model, and for an impossible size, batch or name.
    """
    files = find_program(path, cache)
    config = inference_config(files.graph.parent)
    weights = ResolvedWeights(
        kind="program",
        spec=str(path),
        label=f"program {path}",
        path=files.parameters[0],
        sha256=files.parameters_sha256,
        class_names=config.class_names if config else None,
    )
    recipe = load_recipe(recipe_file) if recipe_file else default_recipe()
    fitted(recipe.preprocessing, input_size or recipe.preprocessing.crop, changes or {})
    return ProgramSource(
        recipe=recipe,
        recipe_file=recipe_file,
        weights=weights,
        batch=checked_batch(batch),
        files=files,
        given_name=folder_name(name or default_name(files)),
        input_size=input_size,
        config=config,
        changes=dict(changes or {}),
        output_kinds=dict(output_kinds or {}),
    )


def default_name(files: ProgramFiles) -> str:
    """What a program is called: its file, unless that is called as all of them are; then its folder."""
    stem = files.graph.stem
    return files.graph.resolve().parent.name if stem in ("inference", "model", "__model__") else stem


def folder_name(name: str) -> str:
    """`name` as that of a folder and of files. Raises UsageError where nothing is left of it."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("._")
    if not plain:
        raise UsageError(f"{name!r} cannot be a folder's name", "Give the model one with --name.")
    return plain


def fitted(preprocessing: Preprocessing, size: int, changes: Mapping[str, Any]) -> Preprocessing:
    """`preprocessing` for an input of `size` pixels, with `changes` over it. Raises UsageError where that cannot be."""
    if not 32 <= size <= 1024:
        raise UsageError(f"an input size of {size} px is out of range", "Choose one from 32 to 1024.")
    if size != preprocessing.crop:
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

    `own` is where the photos are from, unless they are the bundled ones.
    """

    path: Path
    sha256: str
    labels: tuple[str, ...]
    kinds: tuple[str, ...]
    own: PhotoFolder | None = None
