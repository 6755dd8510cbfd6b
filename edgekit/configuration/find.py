"""Finds the configuration of a model: the one that is named, or the one that lies beside it."""

from dataclasses import dataclass
from pathlib import Path

from edgekit.configuration.configuration import Configuration, read_configuration
from edgekit.errors import UsageError

NONE = "none"
ENDINGS = (".yml", ".yaml")
KNOWN = (
    "edgekit reads PaddleClas's deployment and training configurations, PaddleX's model.yml and inference.yml, and "
    "PaddleDetection's infer_cfg.yml."
)
# What toolkits write beside a model that says nothing of photos or classes: PaddleX 2's descriptions of a pipeline of
# models, of a quantisation, of a pruning.
OTHERS = {"pipeline.yml", "quant.yml", "prune.yml"}
SHOWN = 4
MOST = 20  # files that are looked at where none is asked for


@dataclass(frozen=True)
class Found:
    """The configuration to follow, None where there is none, and what the user must know of the others."""

    configuration: Configuration | None = None
    notes: tuple[str, ...] = ()


def find_configuration(folder: Path, named: str | None = None) -> Found:
    """The configuration called `named`, "none" for none; without a name the one in `folder`.

    Raises UsageError for one that cannot be followed, for a named file that is no configuration, and where two in
    the folder say different things.
    """
    if named == NONE:
        return Found()
    if named is not None:
        path = Path(named).expanduser()
        configuration = read_configuration(path, [folder])
        if configuration is None:
            raise UsageError(f"{path} is no configuration that edgekit knows", KNOWN)
        return Found(configuration, configuration.notes)
    return beside(folder)


def beside(folder: Path) -> Found:
    """The configuration in `folder`: the only one, or one of several that agree."""
    found: list[Configuration] = []
    unknown: list[Path] = []
    damaged: list[UsageError] = []
    for path in candidates(folder):
        try:
            configuration = read_configuration(path)
        except UsageError as error:
            damaged.append(error)
            continue
        if configuration is None:
            unknown.append(path)
        else:
            found.append(configuration)
    if damaged:
        raise damaged[0]
    notes = []
    if unknown:
        names = ", ".join(path.name for path in unknown[:SHOWN]) + (" and others" if len(unknown) > SHOWN else "")
        notes.append(f"{names} in {folder} is no configuration that edgekit knows, and is not followed")
    if not found:
        return Found(notes=tuple(notes))
    for other in found[1:]:
        if not found[0].agrees(other):
            raise UsageError(
                f"{found[0].path} and {other.path} say different things of one model",
                f"Name the right one, as in --config {found[0].path}.",
            )
    return Found(found[0], (*found[0].notes, *notes))


def configurations_in(folder: Path) -> list[Path]:
    """The files in `folder` that are configurations, without regard to whether they could be followed."""
    found = []
    for path in candidates(folder)[:MOST]:
        try:
            if read_configuration(path) is not None:
                found.append(path)
        except UsageError:
            # Nobody asked to follow it.
            continue
    return found


def candidates(folder: Path) -> list[Path]:
    """The YAML files of a folder that may be a configuration."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in ENDINGS
        and not path.name.startswith(".")
        and path.name not in OTHERS
        and path.is_file()
    )
