"""Which bundles count for an artifact: those of the same weights, network, input size and golden inputs."""

from dataclasses import dataclass
from pathlib import Path

from edgekit.errors import AbsentError
from edgekit.inputs.size import Size
from edgekit.parity.verdict import Precision
from edgekit.reference.backends import BACKENDS
from edgekit.reference.bundle import Bundle
from edgekit.reference.description import Description

# Of a Paddle 2 and of a Paddle 3 program, as the stages that make programs call them.
GRAPHS = ("inference.pdmodel", "inference.json")
PARAMETERS = "inference.pdiparams"


@dataclass(frozen=True)
class Subject:
    """What is judged: a program with its weights, on golden inputs, as an artifact of some precision.

    `architecture` stands for the network where it is one of the catalog's; a program from elsewhere is known by its
    graph's hash alone (`named_network` is False).
    """

    model: str
    architecture: str
    class_count: int
    input_size: Size
    batch: int | str
    weights_spec: str
    weights_sha256: str
    graph_sha256: str
    parameters_sha256: str
    samples_sha256: str
    sample_count: int
    precision: Precision = "fp32"
    named_network: bool = True


def program_hashes(folder: Path) -> tuple[str, str]:
    """The SHA-256 of a program's graph and of its parameters, as the stage that made it recorded them."""
    from edgekit.cache.record import read_record
    from edgekit.pipeline.store import RECORD, MadeStage

    made = read_record(folder / RECORD, MadeStage)
    files = {} if made is None else made.files
    graph = next((name for name in GRAPHS if name in files), None)
    if graph is None or PARAMETERS not in files:
        raise AbsentError(f"the program in {folder} is not whole", "Convert the model again.")
    return files[graph].sha256, files[PARAMETERS].sha256


def differences(description: Description, subject: Subject) -> list[str]:
    """What keeps a bundle from counting for `subject`, each in words; empty where it counts."""
    found = []
    model, program = description.model, description.program
    same_file = bool(subject.weights_sha256) and description.weights.sha256 == subject.weights_sha256
    if program.parameters_sha256 != subject.parameters_sha256 and not same_file:
        found.append(
            f"other weights ({model.name} with {description.weights.spec}, parameters "
            f"{program.parameters_sha256[:12]}…; here {subject.model} with {subject.weights_spec}, "
            f"{subject.parameters_sha256[:12]}…)"
        )
    if program.graph_sha256 != subject.graph_sha256:
        # The same network is another file at each batch, and may be after each change of the exporter.
        if model.architecture != subject.architecture or not subject.named_network:
            found.append(f"another program ({model.architecture}; here {subject.architecture})")
        if model.class_count != subject.class_count:
            found.append(f"{model.class_count} classes (here {subject.class_count})")
    if program.size != subject.input_size:
        found.append(f"an input of {program.size} px (here {subject.input_size} px)")
    if description.inputs.samples_sha256 != subject.samples_sha256:
        found.append(
            f"other golden inputs ({len(description.inputs.labels)} samples, "
            f"{description.inputs.samples_sha256[:12]}…; here {subject.sample_count}, {subject.samples_sha256[:12]}…)"
        )
    if not description.arithmetic.is_fp32 and subject.precision != "fp16":
        found.append(
            f"recorded with {description.arithmetic}, which judges FP16 artifacts only "
            f"(here {subject.precision.upper()})"
        )
    return found


def best_first(bundles: list[Bundle], subject: Subject) -> list[Bundle]:
    """The GPU bundles that count, the best fitting first.

    FP32 before FP16 and TF32, then the same program and batch, then the backend's rank, then the newest.
    """
    fitting = [one for one in bundles if one.description.is_gpu and not differences(one.description, subject)]
    newest_first = sorted(fitting, key=lambda one: one.description.recorded, reverse=True)

    def order(bundle: Bundle) -> tuple[bool, bool, bool, int]:
        said = bundle.description
        return (
            not said.arithmetic.is_fp32,
            said.program.graph_sha256 != subject.graph_sha256,
            said.program.batch != subject.batch,
            BACKENDS[said.backend.name].rank,
        )

    return sorted(newest_first, key=order)


def nearest(bundles: list[Bundle], subject: Subject) -> str:
    """Why no GPU bundle counts, in words: of those of this model, what differs; else that there is none."""
    gpu = [one for one in bundles if one.description.is_gpu]
    same_model = [one for one in gpu if one.description.model.name == subject.model]
    if not same_model:
        count = f"{len(gpu)} GPU bundles of other models are" if gpu else "no GPU bundle is"
        return f"{count} at hand"
    return "; ".join(f"{one.name}: {', '.join(differences(one.description, subject))}" for one in same_model[:3])
