"""What a manifest says of a model that has its preprocessing inside."""

from msgspec.structs import replace

from edgekit.artifact.manifest import Manifest, TensorSpec
from edgekit.conversion.manifest import remade
from edgekit.pipeline.store import StageResult


def with_embedding(manifest: Manifest, embedding: StageResult) -> Manifest:
    """The manifest of a converted model, now that the preprocessing is inside it."""
    described = {entry["name"]: entry for entry in embedding.details["inputs"]}
    return replace(
        remade(manifest, embedding),
        embedded_preprocessing=True,
        inputs=tuple(with_shape(spec, described[spec.target_name]) for spec in manifest.inputs),
    )


def with_shape(spec: TensorSpec, described: dict) -> TensorSpec:
    """`spec` with the shape and dtype that a worker found."""
    return replace(spec, shape=tuple(described["shape"]), dtype=described["dtype"])
