"""A part of an evaluation as a task: some of the photos through all models, on the machine that Ray has chosen."""

import os
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from edgekit.artifact.load import Artifact, load_artifact
from edgekit.cluster.needs import reserved_cores
from edgekit.cluster.parcel import RECEIVED, SentFile, SentStage, received
from edgekit.cluster.reply import Reply, answered
from edgekit.cluster.sharing_store import SharingStore
from edgekit.cluster.stage_task import store_here
from edgekit.devices.machine import known_machines
from edgekit.devices.remote_machine import AnyMachine, reach
from edgekit.evaluate.evaluate import Wish, evaluate, prepared_subjects
from edgekit.evaluate.output_log import FOLDER, SUFFIX, OutputLog
from edgekit.evaluate.rows import read_results
from edgekit.evaluate.subject import Subject
from edgekit.filesystem.hashes_by_stat import mark_used, remembered_sha256
from edgekit.filesystem.hashing import data_sha256
from edgekit.filesystem.scratch import working_folder
from edgekit.pipeline.execute import Executor
from edgekit.pipeline.store import Damaged, FileFacts
from edgekit.toolchain.worker import Toolchain


@dataclass(frozen=True)
class PartOrder:
    """A part of an evaluation: `wish` with its shard, and what it needs, which is in the shared store at `url`.

    `artifacts` are the files of each by the name of its folder, `program` is what the reference runs. `device` is the
    machine's name, which is found, or reached, from where the task runs.
    """

    wish: Wish
    artifacts: dict[str, tuple[SentFile, ...]]
    program: SentStage | None
    listed: SentFile | None
    device: str | None
    url: str
    offline: bool


def evaluate_part(order: PartOrder) -> Reply[FileFacts]:
    """Evaluate a part; its results lie in the shared store, as `evaluate merge` reads them."""
    said: list[str] = []
    with store_here(order.url, said) as store:
        assert isinstance(store, SharingStore)  # as there is a URL
        return answered(store, said, lambda: evaluated_here(order, store, said))


def evaluated_here(order: PartOrder, store: SharingStore, said: list[str]) -> FileFacts:
    """The results of a part, in the shared store. Raises what `evaluate` raises, and what a single model ends with."""
    executor = Executor(store, Toolchain(store.cache, said.append, offline=order.offline), cores=reserved_cores())
    listed = received(order.listed, store) if order.listed else None
    wish = replace(order.wish, listed=listed, machine=machine_here(order.device))
    if order.program is not None:
        received(order.program, store)
    artifacts = [artifact_here(name, files, store) for name, files in order.artifacts.items()]
    prepared = prepared_subjects(artifacts, wish, executor)
    subjects, _ = prepared
    for subject in subjects:
        take_outputs(subject, wish, store)
    with working_folder(store.cache) as scratch:
        results = scratch / "photos.jsonl"
        with results.open("wb") as stream:
            found = evaluate(artifacts, wish, executor, stream, prepared=prepared)
        for error in found.failed.values():
            raise error
        for subject in subjects:
            give_outputs(subject, wish, results, scratch, store)
        return store.shared.put(results)


def machine_here(name: str | None) -> AnyMachine | None:
    """The machine of a name; None is this one."""
    if name is None:
        return None
    return known_machines().get(name) or reach(name)


def artifact_here(name: str, files: Sequence[SentFile], store: SharingStore) -> Artifact:
    """An artifact on this machine, in a folder of its name."""
    key = data_sha256([[one.name, one.facts.sha256] for one in files])
    folder = store.cache / RECEIVED / key / name
    mark_used(folder.parent)
    if not folder.is_dir():
        with working_folder(store.cache) as scratch:
            made = scratch / name
            made.mkdir()
            for one in files:
                os.link(received(one, store), made / one.name)
            folder.parent.mkdir(parents=True, exist_ok=True)
            try:
                made.rename(folder)
            except OSError:
                if not folder.is_dir():  # another task's, which has the same files
                    raise
    return load_artifact(folder, lambda path: remembered_sha256(path, store.cache))


def outputs_name(subject: Subject, wish: Wish) -> str:
    """The name of the record of what a model gave for a part's photos.

    They are found by the photos' hashes: parts of other photos under the same name do no harm.
    """
    return f"evaluations/{subject.key}/{data_sha256([wish.data, wish.limit, wish.shard])[:16]}"


def take_outputs(subject: Subject, wish: Wish, store: SharingStore) -> None:
    """Add to this machine's log what is known of a part, from a run that has been interrupted."""
    facts = store.shared.record(outputs_name(subject, wish), FileFacts)
    if facts is None:
        return
    path = store.cache / FOLDER / subject.key / f"{facts.sha256[:32]}{SUFFIX}"
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with working_folder(store.cache) as scratch:
        try:
            store.shared.take(facts, scratch / "outputs")
        except Damaged:
            store.shared.drop(outputs_name(subject, wish))
            return
        (scratch / "outputs").replace(path)


def give_outputs(subject: Subject, wish: Wish, results: Path, scratch: Path, store: SharingStore) -> None:
    """Put what a model gave for a part's photos into the shared store, for a run that goes on after this one."""
    hashes = [bytes.fromhex(row.sha256) for row in read_results(results)[1]]
    if store.shared.has(outputs_name(subject, wish)) or not hashes:
        return
    with (
        closing(OutputLog(store.cache / FOLDER / subject.key, subject.width)) as known,
        closing(OutputLog(scratch / subject.key, subject.width)) as part,
    ):
        unique = list(dict.fromkeys(hashes))
        part.append(unique, known.values(unique))
        (made,) = (scratch / subject.key).glob(f"*{SUFFIX}")
        store.shared.keep(outputs_name(subject, wish), store.shared.put(made))
