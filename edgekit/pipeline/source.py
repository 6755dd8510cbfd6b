"""What is converted: an architecture with weights, at one input size and batch."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from edgekit.catalog import Model
from edgekit.errors import UsageError
from edgekit.inputs.preprocessing import Preprocessing
from edgekit.recipe.load import recipe_for
from edgekit.recipe.schema import Recipe
from edgekit.weights import ResolvedWeights


@dataclass(frozen=True)
class ModelSource:
    """A model ready for the pipeline.

    `preprocessing` is the recipe's at `input_size`; `batch` is what the program is exported with.
    """

    model: Model
    weights: ResolvedWeights
    recipe: Recipe
    preprocessing: Preprocessing
    input_size: int
    batch: int = 1

    @property
    def name(self) -> str:
        """The model's name, also that of its folder."""
        return self.model.name

    @property
    def class_count(self) -> int:
        """How many classes synthetic weights are made for: ImageNet's, as the published ones."""
        return 1000

    @property
    def architecture(self) -> dict[str, Any]:
        """The architecture as the Paddle workers take it."""
        return self.model.architecture.as_option()


def model_source(
    model: Model, weights: ResolvedWeights, *, input_size: int | None = None, batch: int = 1
) -> ModelSource:
    """Join a catalog model with its weights and its family's recipe.

    The input size is the one asked for, else that of the weights (the demo weights are of 64 px), else the
    published one. Raises UsageError for an impossible size or batch.
    """
    size = input_size or weights.input_size or model.input_size
    if not 32 <= size <= 1024:
        raise UsageError(f"an input size of {size} px is out of range", "Choose one from 32 to 1024.")
    if batch < 1:
        raise UsageError(f"a batch of {batch} is impossible", "Choose 1 or more.")
    recipe = recipe_for(model.family)
    preprocessing = replace(recipe.preprocessing, crop=model.input_size, resize_short=model.resize_short)
    if weights.input_size:
        # Weights trained at another size come with the resize they were trained with: none beyond the crop.
        preprocessing = replace(preprocessing, crop=weights.input_size, resize_short=weights.input_size)
    if size != preprocessing.crop:
        preprocessing = preprocessing.scaled_to(size)
    return ModelSource(model, weights, recipe, preprocessing, size, batch)


@dataclass(frozen=True)
class GoldenFile:
    """Golden inputs on disk: a safetensors file, the hash of its tensors, each sample's label and kind."""

    path: Path
    sha256: str
    labels: tuple[str, ...]
    kinds: tuple[str, ...]
