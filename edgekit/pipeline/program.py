"""The stage that makes a model's Paddle program: an export of weights, or the adoption of a program from elsewhere."""

from edgekit.pipeline.limits import CONVERSION_LIMITS, RUN_LIMITS
from edgekit.pipeline.memory import estimated_memory, weight_bytes
from edgekit.pipeline.source import CatalogSource, ModelSource, ProgramSource
from edgekit.pipeline.stage import SourceFile, Stage, StageFile

PROGRAM = "program"
# What takes a program from elsewhere in, by its format.
ADOPTERS = {"paddle2": "paddle/adopt.py", "paddle3": "paddle3/adopt.py"}
EXPORTER = "paddle/export.py"
# The workers whose output is a program.
PROGRAM_WORKERS = (EXPORTER, *ADOPTERS.values())


def program_stage(source: ModelSource) -> Stage:
    """What makes the Paddle program: an export of weights, or the adoption of a program from elsewhere."""
    if isinstance(source, ProgramSource):
        return adoption_stage(source)
    assert isinstance(source, CatalogSource)
    return export_stage(source)


def adoption_stage(source: ProgramSource) -> Stage:
    """A program from elsewhere -> the same program with fixed shapes, checked, under the usual names."""
    files = source.files
    parameters = files.parameters[0] if files.combined else files.graph.parent
    return Stage(
        worker=ADOPTERS[files.format],
        about=f"adoption of {source.name}",
        inputs={
            "graph": SourceFile(files.graph, files.graph_sha256),
            "parameters": SourceFile(parameters, files.parameters_sha256),
        },
        options={
            "input_size": source.input_size,
            "usual_size": source.usual_size,
            "channels": source.usual_channels,
            "batch": source.batch,
        },
        memory_bytes=estimated_memory(weight_bytes(source.parameters)),
        limits=CONVERSION_LIMITS,
    )


def export_stage(source: CatalogSource) -> Stage:
    """Weights -> Paddle program, with a stage before it that makes synthetic weights."""
    weights = source.weights
    memory = estimated_memory(weight_bytes(source.parameters))
    if weights.seed is not None:
        synthesis = Stage(
            worker="paddle/synthesize.py",
            about=f"synthetic weights for {source.name}",
            options={
                "architecture": source.architecture,
                "seed": weights.seed,
                "input_size": source.input_size,
                "class_count": source.class_count,
            },
            memory_bytes=memory,
            limits=RUN_LIMITS,
        )
        tensors: SourceFile | StageFile = StageFile(synthesis, "weights.safetensors")
    else:
        assert weights.path is not None  # only synthetic weights have no file
        tensors = SourceFile(weights.path, weights.sha256, weights.content_sha256)
    return Stage(
        worker=EXPORTER,
        about=f"export of {source.name}",
        inputs={"weights": tensors},
        options={
            "architecture": source.architecture,
            "input_size": source.input_size,
            "batch": source.batch,
            "prefix": weights.prefix,
        },
        memory_bytes=memory,
        limits=CONVERSION_LIMITS,
    )
