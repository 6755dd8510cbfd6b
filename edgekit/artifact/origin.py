"""Where an artifact comes from: its program in the cache, and the command that makes it again."""

import re
import shlex
from pathlib import Path

from edgekit.artifact.manifest import Manifest
from edgekit.errors import AbsentError, UsageError
from edgekit.filesystem.hashes_by_stat import mark_used
from edgekit.pipeline.instruction_set import this_machine
from edgekit.pipeline.plan import REWRITER, SPEEDER
from edgekit.pipeline.program import PROGRAM_WORKERS
from edgekit.pipeline.store import Damaged, read_stage
from edgekit.pipeline.target import targets


def program_folder_of(manifest: Manifest, stages: Path) -> Path:
    """The Paddle program that an artifact was made from, in the stage store.

    Raises AbsentError where it is gone, UsageError where the manifest names no such stage.
    """
    return kept_folder(manifest, stages, *program_stage_of(manifest))


def program_stage_of(manifest: Manifest) -> tuple[str, str]:
    """The worker that made the program, and the stage's key. Raises UsageError where the manifest names no such one."""
    made_by = next(iter(manifest.stages), None)
    if made_by is None or made_by.stage not in PROGRAM_WORKERS or not is_key(manifest.program_key):
        raise UsageError(f"the manifest of the {manifest.target} artifact of {manifest.model.name} names no program")
    return made_by.stage, manifest.program_key


def rewritten_folder_of(manifest: Manifest, stages: Path) -> Path | None:
    """What the program's rewrites left, in the stage store; None where they changed nothing.

    Raises AbsentError where it is gone.
    """
    if not any(one.applied for one in manifest.rewrites if one.of != "target"):
        return None
    found = [one for one in manifest.stages if one.stage in (REWRITER, SPEEDER) and is_key(one.key)]
    return kept_folder(manifest, stages, found[-1].stage, found[-1].key) if found else None


def written_folder_of(manifest: Manifest, stages: Path) -> Path | None:
    """The program that a Paddle 3 program was written as for the target, in the stage store; None where it was not.

    Raises AbsentError where it is gone.
    """
    other = targets()[manifest.target].description.paddle3
    made = next((one for one in manifest.stages if other and one.stage == other.through and is_key(one.key)), None)
    return kept_folder(manifest, stages, made.stage, made.key) if made else None


def quantisation_folder_of(manifest: Manifest, stages: Path) -> Path | None:
    """What a calibrated quantisation left, its record among it, in the stage store; None where there was none.

    Raises AbsentError where it is gone, UsageError where the manifest names no such stage.
    """
    lowering = targets()[manifest.target].lowering(manifest.precision)
    if lowering is None or not lowering[0].calibrated:
        return None
    lowered, _ = lowering
    made = next((one for one in manifest.stages if one.stage == lowered.worker and is_key(one.key)), None)
    if made is None:
        raise UsageError(
            f"the manifest of the {manifest.target} artifact of {manifest.model.name} names no quantisation"
        )
    return kept_folder(manifest, stages, made.stage, made.key, "quantisation")


def is_key(text: str) -> bool:
    """Whether a text is a stage's key: a manifest may come from anybody, and this becomes a path."""
    return re.fullmatch("[0-9a-f]{64}", text) is not None


def kept_folder(manifest: Manifest, stages: Path, worker: str, key: str, what: str = "program") -> Path:
    """A stage's output, every file of it as it was made; raises AbsentError where it is gone or damaged."""
    folder = stages / worker.removesuffix(".py") / key
    mark_used(folder)
    try:
        if read_stage(folder, stages.parent) is not None:
            return folder
        fate = "is no longer in the cache"
    except Damaged as damaged:
        fate = f"is damaged in the cache ({damaged})"
    raise AbsentError(
        f"the {what} that the {manifest.target} artifact of {manifest.model.name} was made from {fate}",
        f"Run `{convert_command(manifest)}` again.",
    )


def convert_command(manifest: Manifest) -> str:
    """The command that makes an artifact again on this machine, as far as its manifest tells."""
    foreign = manifest.weights.kind == "program"
    words = ["edgekit", "convert", manifest.weights.spec if foreign else manifest.model.name]
    words += ["--target", manifest.target]
    words += ["--name", manifest.model.name] if foreign else ["--weights", manifest.weights.spec]
    words += ["--weights-prefix", manifest.weights.prefix] if manifest.weights.prefix is not None else []
    words += ["--input-size", str(manifest.preprocessing.input_size)]
    words += preprocessing_words(manifest)
    words += ["--batch", str(manifest.batch)] if manifest.batch != 1 else []
    words += ["--precision", manifest.precision] if manifest.precision != "fp32" else []
    words += ["--calibration", manifest.calibration.source] if manifest.calibration else []
    words += ["--keep-float", ",".join(kept)] if (kept := manifest.build.get("keep_float")) else []
    words += ["--recipe", manifest.recipe.file] if manifest.recipe else []
    asked = manifest.configuration.asked if manifest.configuration else None
    words += ["--config", asked] if asked else []
    words += ["--labels", manifest.model.labels] if manifest.model.labels else []
    words += ["--output-kind", kinds] if (kinds := chosen_kinds(manifest)) else []
    words += [] if manifest.speed_rewrites else ["--no-speed-rewrites"]
    words += ["--for", manifest.made_for] if manifest.made_for not in (None, this_machine()) else []
    words += ["--embed-preprocessing"] if manifest.embedded_preprocessing else []
    return shlex.join(words)


def preprocessing_words(manifest: Manifest) -> list[str]:
    """The flags by which the user said how photos are prepared."""
    words = []
    for name, value in manifest.preprocessing_flags.items():
        text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
        # In one word: a value that begins with a minus is none of the other flags.
        words.append(f"--{name.replace('_', '-')}={text}")
    return words


def chosen_kinds(manifest: Manifest) -> str:
    """What the user said of the outputs, as `--output-kind` takes it; nothing where they said nothing."""
    chosen = [spec for spec in manifest.outputs if spec.known_from == "--output-kind"]
    if len(manifest.outputs) == 1:
        return chosen[0].kind if chosen else ""
    return ",".join(f"{spec.name}={spec.kind}" for spec in chosen)
