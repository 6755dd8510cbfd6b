"""What a manifest says of a model that has its preprocessing inside."""

from msgspec.structs import replace

from edgekit.artifact.manifest import FileRecord, Manifest, StageRecord, TensorSpec
from edgekit.pipeline.store import StageResult


def with_embedding(manifest: Manifest, embedding: StageResult) -> Manifest:
    """The manifest of a converted model, now that the preprocessing is inside it."""
    described = {entry["name"]: entry for entry in embedding.details["inputs"]}
    return replace(
        manifest,
        embedded_preprocessing=True,
        inputs=tuple(with_shape(spec, described[spec.target_name]) for spec in manifest.inputs),
        stages=(
            *manifest.stages,
            StageRecord(embedding.worker, embedding.key, embedding.tools, round(embedding.seconds, 3)),
        ),
        files={
            name: FileRecord(embedding.files[record.role]["sha256"], embedding.files[record.role]["bytes"], record.role)
            for name, record in manifest.files.items()
        },
    )


def with_shape(spec: TensorSpec, described: dict) -> TensorSpec:
    """`spec` with the shape and dtype that a worker found."""
    return replace(spec, shape=tuple(described["shape"]), dtype=described["dtype"])
