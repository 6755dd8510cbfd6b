"""The artifacts that a command's arguments mean."""

from pathlib import Path
from typing import TYPE_CHECKING

from edgekit.errors import AbsentError

if TYPE_CHECKING:
    from edgekit.artifact.load import Artifact


def named_artifacts(names: list[str], out: Path) -> list["Artifact"]:
    """The artifacts meant by models' names or folders; those in `out` where nothing is named.

    Raises AbsentError where there is none, UsageError for an unknown model or a damaged artifact.
    """
    from edgekit.artifact.load import load_artifact

    return [load_artifact(folder) for folder in named_folders(names, out)]


def named_folders(names: list[str], out: Path) -> list[Path]:
    """The folders of the artifacts meant. Raises AbsentError where there is none, UsageError for an unknown model."""
    from edgekit.artifact.load import find_artifacts
    from edgekit.artifact.manifest import FILE
    from edgekit.catalog import load_catalog

    folders: list[Path] = []
    for name in names:
        path = Path(name)
        if (path / FILE).exists():
            folders.append(path)
            continue
        found = find_artifacts(path) if path.is_dir() and "/" in name else []
        # A model from a folder is known by its artifacts alone.
        known = found or (path.name == name and find_artifacts(out, name))
        model = name if known else load_catalog().find(name).name
        found = found or find_artifacts(out, model)
        if not found:
            raise AbsentError(
                f"{out} holds no artifact of {model}", f"Run `edgekit convert {model} --target all` first."
            )
        folders += found
    if not names:
        folders = find_artifacts(out)
        if not folders:
            raise AbsentError(f"{out} holds no artifacts", "Run `edgekit convert MODEL --target all` first.")
    return list(dict.fromkeys(folders))
