"""A stage store of one machine that takes what is missing from a shared one, and gives what was made to it."""

from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from msgspec import Struct

from edgekit.cache.record import write_record
from edgekit.cluster.shared_store import SharedStore
from edgekit.filesystem.scratch import working_folder
from edgekit.pipeline.stage import Stage
from edgekit.pipeline.store import (
    LOG,
    RECORD,
    Damaged,
    FileFacts,
    MadeStage,
    StageResult,
    StageStore,
    put_in_place,
    read_stage,
    result_of,
)


class SharedStage(Struct, frozen=True):
    """A stage in a shared store: what `stage.json` says, and the worker's log."""

    made: MadeStage
    log: FileFacts


@dataclass(frozen=True)
class SharingStore(StageStore):
    """The same store; what it lacks is looked for in `shared`, copied, and checked as what was made here is."""

    shared: SharedStore = field(kw_only=True)

    def find(self, stage: Stage) -> StageResult | None:
        """The finished output of `stage`, made here or elsewhere, or None."""
        here = self.folder(stage).exists()
        if here and (found := super().find(stage)) is not None:
            return found
        # What is damaged here may be whole there.
        taken = self.take(stage.name, stage.key)
        return taken if taken is not None or here else super().find(stage)

    def take(self, name: str, key: str) -> StageResult | None:
        """Copy a stage's output from the shared store; None where it is not there as it was made.

        It is hashed as it is copied, and not read again. The copy is made beside and renamed, so that it needs no lock:
        whoever is second finds the first one's.
        """
        if (found := self.shared.record(place_of(name, key), SharedStage)) is None:
            return None
        folder = self.root / name / key
        try:
            if found.made.key != key:
                raise Damaged(RECORD)
            with working_folder(self.cache) as scratch:
                output = scratch / "output"
                output.mkdir()
                for file, facts in found.made.files.items():
                    path = output / safe_name(file)
                    path.parent.mkdir(parents=True, exist_ok=True)
                    self.shared.take(facts, path)
                self.shared.take(found.log, output / LOG)
                write_record(output / RECORD, found.made)
                folder.parent.mkdir(parents=True, exist_ok=True)
                result = self.placed(output, folder) or result_of(folder, found.made, cached=True)
        except Damaged as damaged:
            self.notify(f"{name} {key[:12]} in {self.shared.shown} is damaged ({damaged}), and is made again")
            self.shared.drop(place_of(name, key))
            return None
        self.made.add(key)  # the cache has grown by it
        return result

    def placed(self, output: Path, folder: Path) -> StageResult | None:
        """Rename a copy into its place. Another's that is whole stays, so that nobody finds the place empty: that."""
        try:
            output.rename(folder)
        except OSError:
            if (others := self.whole(folder)) is not None:
                return others
            put_in_place(output, folder)
        return None

    def whole(self, folder: Path) -> StageResult | None:
        """The output that lies in a folder of this machine's own store, as it was made; None where it is not there."""
        try:
            return read_stage(folder, self.cache)
        except Damaged:
            return None

    def give(self, name: str, result: StageResult) -> None:
        """Put a stage's output into the shared store, its record last, unless it is there."""
        if self.shared.has(place_of(name, result.key)):
            return
        files = {file: FileFacts(facts["sha256"], facts["bytes"]) for file, facts in result.files.items()}
        for file, facts in files.items():
            self.shared.put(result.folder / file, facts.sha256)
        log = self.shared.put(result.folder / LOG)
        fields = {one: getattr(result, one) for one in MadeStage.__struct_fields__}
        self.shared.keep(place_of(name, result.key), SharedStage(MadeStage(**{**fields, "files": files}), log))


def sharing(store: StageStore, shared: SharedStore) -> SharingStore:
    """A store of this machine alone as one whose outputs others find in `shared`."""
    return SharingStore(store.root, store.notify, store.told, store.made, shared=shared)


def place_of(name: str, key: str) -> str:
    """The name of a stage's record in a shared store."""
    return f"stages/{name}/{key}"


def safe_name(file: str) -> str:
    """The name of a file of a stage's output. Raises Damaged for one that leads elsewhere."""
    path = PurePosixPath(file)
    if path.is_absolute() or ".." in path.parts or not path.name or path.parts[0] in (RECORD, LOG) or "\0" in file:
        raise Damaged(file)
    return file
