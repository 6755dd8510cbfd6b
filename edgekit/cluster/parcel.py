"""What of this machine a task needs on another: single files, and stages' outputs."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from edgekit.cluster.sharing_store import SharingStore, place_of
from edgekit.errors import ConversionError
from edgekit.filesystem.hashes_by_stat import mark_used, remembered_sha256
from edgekit.filesystem.scratch import working_folder
from edgekit.pipeline.stage import SourceFile, Stage, StageFile
from edgekit.pipeline.store import Damaged, FileFacts, read_stage

RECEIVED = "received"
"""The folder in the cache for files that came from elsewhere: `received/<sha256>/<name>`."""


@dataclass(frozen=True)
class SentFile:
    """A file in the shared store: its `name`, hash and size."""

    name: str
    facts: FileFacts


@dataclass(frozen=True)
class SentStage:
    """A stage's output in the shared store."""

    name: str
    key: str


Sent = SentFile | SentStage


def can_travel(stage: Stage, root: Path) -> bool:
    """Whether all that a stage is made of can be sent: single files, and outputs of the stage store at `root`."""
    return all(
        isinstance(value, StageFile) or not value.path.is_dir() or is_output(value, root)
        for value in stage.inputs.values()
    )


def is_output(value: SourceFile, root: Path) -> bool:
    """Whether a folder is the output of a stage in the store at `root`."""
    return value.path.name == value.sha256 and value.path.is_relative_to(root)


def send(value: SourceFile, store: SharingStore) -> Sent:
    """Put an input into the shared store. Raises ConversionError where it is not what it is said to be."""
    path = store.checked(value)
    if not path.is_dir():
        return SentFile(path.name, store.shared.put(path, value.content or value.sha256))
    return send_output(path, store)


def send_output(folder: Path, store: SharingStore) -> SentStage:
    """Put the output of a stage that lies in the store into the shared one."""
    sent = SentStage(folder.parent.relative_to(store.root).as_posix(), folder.name)
    if not store.shared.has(place_of(sent.name, sent.key)):
        made = read_stage(folder, store.cache)
        assert made is not None  # it was checked
        store.give(sent.name, made)
    return sent


def received(sent: Sent, store: SharingStore) -> Path:
    """The path of what was sent, on the machine that gets it. Raises ConversionError where it is not there any more."""
    if isinstance(sent, SentStage):
        folder = store.root / sent.name / sent.key
        if store.whole(folder) or store.take(sent.name, sent.key):
            return folder
        raise gone(f"the output of {sent.name}", store)
    path = store.cache / RECEIVED / sent.facts.sha256 / sent.name
    mark_used(path.parent)
    if path.is_file() and remembered_sha256(path, store.cache) == sent.facts.sha256:
        return path
    with working_folder(store.cache) as scratch:
        try:
            store.shared.take(sent.facts, scratch / "file")
        except Damaged:
            raise gone(sent.name, store) from None
        path.parent.mkdir(parents=True, exist_ok=True)
        (scratch / "file").replace(path)
    return path


def gone(what: str, store: SharingStore) -> ConversionError:
    """The error of what was put into the shared store, and is not there."""
    return ConversionError(f"{what} has gone from {store.shared.shown}, or was damaged there", "Run the command again.")


def unpacked(stage: Stage, sent: Mapping[str, Sent], store: SharingStore) -> Stage:
    """The stage with its inputs on this machine; its key is found anew, by what is installed here."""
    inputs: dict[str, SourceFile | StageFile] = {}
    for role, value in stage.inputs.items():
        if isinstance(value, StageFile):
            inputs[role] = StageFile(replace(value.stage), value.name)
        else:
            inputs[role] = replace(value, path=received(sent[role], store))
    return replace(stage, inputs=inputs)
