"""Writes a repository for another model server: the artifact's files, what the server is told, the golden samples."""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edgekit.artifact.golden import FILE as GOLDEN
from edgekit.artifact.manifest import FILE, Manifest
from edgekit.errors import UsageError
from edgekit.filesystem.owned import scratch_beside
from edgekit.filesystem.writing import disk_errors
from edgekit.pipeline.target import targets
from edgekit.serve.copies import copy_artifact
from edgekit.serve.served import Served
from edgekit.serving_export.bounds import bounds
from edgekit.serving_export.repositories import Repository

if TYPE_CHECKING:
    import numpy as np

CHECK = "check.py"
README = "README.md"


@dataclass(frozen=True)
class Exported:
    """A repository that was written: its folder, its files, and of how many values `check.py` knows the limits."""

    folder: Path
    files: tuple[str, ...]
    values: int


def export(served: Served, repository: Repository, folder: Path) -> Exported:
    """Write the repository of a model into a new folder.

    Raises UsageError where something lies there, for a target that the server does not take, and for an artifact that
    was changed meanwhile; ConversionError on a full disk.
    """
    manifest = served.artifact.manifest
    if manifest.target not in repository.targets:
        raise UsageError(
            f"{repository.title} takes no artifact of {manifest.target}",
            f"Convert to {' or '.join(repository.targets)}.",
        )
    if os.path.lexists(folder) and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is there already", "Name a new folder with --out, or remove it.")
    with scratch_beside(folder) as scratch, disk_errors(folder):
        content, copy = scratch / "repository", scratch / "artifact"
        copy_artifact(served.artifact, copy)
        planned = repository.files(served.name, manifest)
        for name, path in planned.copied.items():
            (content / path).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).rename(content / path)
        for path, text in planned.written.items():
            (content / path).parent.mkdir(parents=True, exist_ok=True)
            (content / path).write_text(text, encoding="utf-8")
        (copy / FILE).rename(content / FILE)
        values = write_golden(copy / GOLDEN, content / GOLDEN, served)
        shutil.copyfile(Path(__file__).with_name(CHECK), content / CHECK)
        (content / README).write_text(readme(served, repository), encoding="utf-8")
        if folder.is_dir():
            folder.rmdir()
        content.rename(folder)
    files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    return Exported(folder, tuple(files), values)


def write_golden(source: Path, target: Path, served: Served) -> int:
    """Write the golden inputs and between which values their outputs may lie, by the target's names of tensors."""
    import numpy as np
    from safetensors.numpy import load_file, save_file

    manifest, verdict, golden = served.artifact.manifest, served.verdict.verdict, load_file(source)
    sigmoid_error = targets()[manifest.target].description.sigmoid_error
    tensors: dict[str, np.ndarray] = {
        f"input/{spec.target_name}": golden[f"input/{spec.name}"] for spec in manifest.inputs
    }
    values = 0
    for spec in manifest.outputs:
        oracle, figures = golden[f"oracle/{spec.name}"], verdict.outputs[spec.name]
        truth = oracle.astype(np.float64).reshape(len(oracle), -1)
        found = bounds(truth, figures.kind, manifest.precision, figures.max_threshold, sigmoid_error)
        for name, bound in zip(("lower", "upper"), found, strict=True):
            tensors[f"{name}/{spec.target_name}"] = np.ascontiguousarray(bound.reshape(oracle.shape))
        values += oracle.size
    save_file(tensors, target, {"edgekit": json.dumps(about(served.name, manifest, samples_of(tensors)))})
    return values


def samples_of(tensors: "dict[str, np.ndarray]") -> int:
    """How many samples there are."""
    return len(next(iter(tensors.values())))


def about(name: str, manifest: Manifest, samples: int) -> dict[str, object]:
    """What `check.py` is told."""
    return {
        "model": name,
        "batch": 1 if manifest.batch == "dynamic" else manifest.batch,
        "samples": samples,
        "inputs": [spec.target_name for spec in manifest.inputs],
        "outputs": [spec.target_name for spec in manifest.outputs],
    }


def readme(served: Served, repository: Repository) -> str:
    """How the server is started, and how its answers are proved."""
    return f"""# {served.name} for {repository.title}

    {repository.start}
    uv run {CHECK} {repository.url}

`{CHECK}` sends the golden samples and ends with status 0 where every value of the answers is within what the artifact
was allowed when edgekit verified it, with 1 where the server computes something else. `{FILE}` says what was verified,
and how photos are prepared.
"""
