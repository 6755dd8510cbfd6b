"""The ledger as a part of verification: its stage, and what it adds to a verdict."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from edgekit.artifact.origin import program_folder_of, quantisation_folder_of, rewritten_folder_of, written_folder_of
from edgekit.bundled import bundled_folder
from edgekit.errors import ConversionError, WorkerError
from edgekit.ledger.ledger import Ledger
from edgekit.pipeline.stage import SourceFile, Stage, StageFile
from edgekit.toolchain.worker import Limits

if TYPE_CHECKING:
    from edgekit.artifact.load import Artifact
    from edgekit.artifact.manifest import Manifest, VariantVerdict
    from edgekit.errors import EdgekitError
    from edgekit.pipeline.store import StageResult
    from edgekit.pipeline.target import Target, Variant

WORKER = "parameters.py"
LIMITS = Limits(seconds=600, memory_bytes=10 << 30, threads=1)
# Programs that the readers know; those of Paddle 3 are another format, and are described in this one first.
PROGRAM_FILE, PADDLE3_FILE = "inference.pdmodel", "inference.json"
DESCRIBER = "paddle3/describe.py"


def ledger_stages(artifact: "Artifact", target: "Target", stages: Path) -> dict[str, Stage]:
    """The account of each variant's parameters, by its name, where its files can be read; `stages` is the stage store.

    Raises AbsentError where the program that the artifact was made from is gone.
    """
    manifest = artifact.manifest
    program = SourceFile(program_folder_of(manifest, stages), manifest.program_key)
    # What another program was written as has its parameters, in the layout that the ledger reads.
    written = written_folder_of(manifest, stages)
    accounted = SourceFile(written, written.name) if written else program
    changed = rewritten_folder_of(manifest, stages)
    rewritten = SourceFile(changed, changed.name) if changed else None
    quantised = quantisation_folder_of(manifest, stages)
    chosen = SourceFile(quantised, quantised.name) if quantised else None
    planned = {
        variant.name: ledger_stage(target, variant, manifest, artifact.by_role(), accounted, rewritten, chosen)
        for variant in target.variants_of(manifest.build)
    }
    return {name: stage for name, stage in planned.items() if stage is not None}


def ledger_stage(
    target: "Target",
    variant: "Variant",
    manifest: "Manifest",
    files: Mapping[str, SourceFile],
    program: SourceFile,
    rewritten: SourceFile | None = None,
    chosen: SourceFile | None = None,
) -> Stage | None:
    """The stage that accounts for what a variant's files store; None where nothing can read them, or the program.

    `rewritten` is what the program's rewrites left, where they changed something; `chosen` is what the
    artifact's quantisation left, with its record.
    """
    if not (bundled_folder("converters") / target.worker(WORKER)).exists():
        return None
    described = None
    if not (program.path / PROGRAM_FILE).exists():
        if not (program.path / PADDLE3_FILE).exists():
            return None
        about = f"description of the program of {manifest.model.name}"
        described = StageFile(Stage(DESCRIBER, about, {"program": program}, limits=LIMITS))
    stored = variant.stored or variant.inputs
    return Stage(
        worker=target.worker(WORKER),
        about=f"{target.description.title} {variant.name} parameters of {manifest.model.name}".replace("  ", " "),
        inputs={
            "program": program,
            **({"described": described} if described else {}),
            **({"rewritten": rewritten} if rewritten else {}),
            **({"chosen": chosen} if chosen else {}),
            **{role: files[file] for role, file in stored.items()},
        },
        options={"added": added_numbers(manifest)},
        limits=LIMITS,
    )


def added_numbers(manifest: "Manifest") -> list[float]:
    """The numbers that edgekit puts into an artifact itself: those of the preprocessing, where it is inside."""
    if not manifest.embedded_preprocessing:
        return []
    spec = manifest.preprocessing
    numbers: list[float] = []
    for value in (spec.divide_by, spec.min_value, spec.mean, spec.std):
        numbers += list(value) if isinstance(value, tuple) else [value]
    # As the steps are written into a graph: products with 1 over the divisor, mean and deviation in levels.
    divisors = spec.divide_by if isinstance(spec.divide_by, tuple) else (spec.divide_by,)
    levels = [number * divisor for number in numbers for divisor in divisors]
    # And as the fused normalisation folds them: one factor and one shift for each channel.
    deviations, means = (value if isinstance(value, tuple) else (value,) for value in (spec.std, spec.mean))
    factors = [1 / divisor / deviation for divisor in divisors for deviation in deviations]
    shifts = [-mean / deviation for mean in means for deviation in deviations]
    return [*numbers, *levels, *factors, *shifts]


def with_ledger(
    found: "VariantVerdict", outcome: "StageResult | EdgekitError | None", excuse: str = ""
) -> "VariantVerdict":
    """A variant's verdict with the account of its parameters: what passed or was not run fails where that fails.

    `excuse` is the recipe's reason why numbers in layers' descriptions may lack an explanation, which is a warning
    then; a stored tensor that comes from nowhere, and a parameter that is not there, fail in any case.
    """
    if outcome is None:
        return found
    if not isinstance(outcome, Exception):
        found = replace(found, ledger=Ledger.of(outcome.details))
    said, fails = shortfall(outcome, excuse)
    if not said:
        return found
    return failed(found, said) if fails else warned(found, said)


def shortfall(outcome: "StageResult | EdgekitError", excuse: str) -> tuple[str, bool]:
    """What an account lacks, in words, and whether the artifact fails by it; no words where it is complete.

    An account that could not be made lacks everything; of files in which nothing can be read nothing is known. The
    recipe excuses what the reader says it does not know, and neither a file that does not fit nor a reader that breaks.
    """
    if isinstance(outcome, Exception):
        unknown = isinstance(outcome, ConversionError) and not isinstance(outcome, WorkerError)
        return f"its parameters could not be accounted for: {outcome}", not (excuse and unknown)
    ledger = Ledger.of(outcome.details)
    if ledger.partial and not ledger.stored:
        return f"its parameters could not be accounted for: {ledger.partial}", False
    return ("", False) if ledger.complete else (ledger.sentence, not (excuse and ledger.whole))


def warned(found: "VariantVerdict", warning: str) -> "VariantVerdict":
    """The verdict with one more warning."""
    verdict = found.verdict
    return replace(found, verdict=replace(verdict, warnings=(*verdict.warnings, warning)))


def failed(found: "VariantVerdict", reason: str) -> "VariantVerdict":
    """The verdict as a failure, its own reason kept where it had failed already."""
    verdict = found.verdict
    said = f"{verdict.reason}; {reason}" if verdict.status == "failed" else reason
    return replace(found, verdict=replace(verdict, status="failed", reason=said))
