"""Where an artifact comes from: its program in the cache, and the command that makes it again."""

import re
import shlex
from pathlib import Path

from edgekit.artifact.manifest import Manifest
from edgekit.errors import AbsentError, UsageError
from edgekit.pipeline.plan import PROGRAM_WORKERS
from edgekit.pipeline.store import RECORD


def program_folder_of(manifest: Manifest, stages: Path) -> Path:
    """The Paddle program that an artifact was made from, in the stage store.

    Raises AbsentError where it is gone, UsageError where the manifest names no such stage.
    """
    made_by = next(iter(manifest.stages), None)
    # A manifest may come from anybody, and this becomes a path.
    is_key = re.fullmatch("[0-9a-f]{64}", manifest.program_key)
    if made_by is None or made_by.stage not in PROGRAM_WORKERS or not is_key:
        raise UsageError(f"the manifest of the {manifest.target} artifact of {manifest.model.name} names no program")
    folder = stages / made_by.stage.removesuffix(".py") / manifest.program_key
    if not (folder / RECORD).exists():
        raise AbsentError(
            f"the program that the {manifest.target} artifact of {manifest.model.name} was made from is no longer in "
            "the cache",
            f"Run `{convert_command(manifest)}` again.",
        )
    return folder


def convert_command(manifest: Manifest) -> str:
    """The command that makes an artifact again, as far as its manifest tells."""
    foreign = manifest.weights.kind == "program"
    words = ["edgekit", "convert", manifest.weights.spec if foreign else manifest.model.name]
    words += ["--target", manifest.target]
    words += ["--name", manifest.model.name] if foreign else ["--weights", manifest.weights.spec]
    words += ["--weights-prefix", manifest.weights.prefix] if manifest.weights.prefix is not None else []
    words += ["--input-size", str(manifest.preprocessing.input_size)]
    words += ["--batch", str(manifest.batch)] if manifest.batch != 1 else []
    words += ["--precision", manifest.precision] if manifest.precision != "fp32" else []
    words += ["--recipe", manifest.recipe.file] if manifest.recipe else []
    asked = manifest.configuration.asked if manifest.configuration else None
    words += ["--config", asked] if asked else []
    words += ["--labels", manifest.model.labels] if manifest.model.labels else []
    words += ["--embed-preprocessing"] if manifest.embedded_preprocessing else []
    return shlex.join(words)
