"""An evaluation on a cluster: the photos in parts, each a task, put together as `evaluate merge` does it."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import replace
from functools import partial
from math import ceil
from pathlib import Path
from typing import BinaryIO

from edgekit.artifact.load import Artifact
from edgekit.artifact.manifest import FILE, Manifest
from edgekit.artifact.origin import program_folder_of, program_stage_of
from edgekit.cluster.evaluation_task import PartOrder, evaluate_part
from edgekit.cluster.executor import WAITING, ClusterExecutor
from edgekit.cluster.needs import CPU, MEMORY, Needs, Node, offering
from edgekit.cluster.parcel import SentFile, SentStage, gone, send_output
from edgekit.cluster.reply import Reply
from edgekit.cluster.shared_store import SharedStore
from edgekit.cluster.sharing_store import SharingStore, place_of, sharing
from edgekit.errors import UsageError
from edgekit.evaluate.dataset import BUNDLED, open_dataset
from edgekit.evaluate.evaluate import Found, Wish
from edgekit.evaluate.merge import merge
from edgekit.filesystem.scratch import working_folder
from edgekit.pipeline.memory import estimated_memory
from edgekit.pipeline.store import Damaged, FileFacts
from edgekit.predict import label
from edgekit.untrusted.files import resolved

PART_PHOTOS = 500
"""Of a part. Their number does not go by that of machines: a run on others finds the same parts."""
LEAST_PARTS = 8
"""Where there are photos for them: fewer would leave machines of a small cluster without work."""
MOST_CORES = 4
"""Of a part: what is left idle at the end grows with them."""


def evaluate_on_cluster(
    artifacts: Sequence[Artifact],
    wish: Wish,
    device: str | None,
    executor: ClusterExecutor,
    results: BinaryIO,
    notify: Callable[[str], None],
) -> Found:
    """What `evaluate` finds, by the machines of a cluster, which all see the photos at the same place.

    `device` names the machine that artifacts run on, where that is another one. Raises as `evaluate`, and UsageError
    for a part of an evaluation.
    """
    if wish.shard is not None:
        raise UsageError("--shard is for machines that share nothing", "Leave it out: --ray divides the photos itself.")
    store = executor.store
    with executor.tasks.errors_told(), working_folder(store.cache) as scratch:
        if not isinstance(store, SharingStore):
            shared = SharedStore((scratch / "shared").as_uri(), store.notify)
            store = sharing(store, shared)
        orders = parts(artifacts, wish, device, executor.toolchain.offline, store)
        notify(f"{wish.data}: {len(orders)} parts")
        files: dict[int, Path] = {}
        for number, (order, reply, facts) in enumerate(run_all(orders, artifacts, executor, store), 1):
            part, _ = order.wish.shard or (number, 0)
            path = files[part] = scratch / f"{part}.jsonl"
            try:
                store.shared.take(facts, path)
            except Damaged:
                raise gone(f"the results of part {part}", store) from None
            for line in reply.said:
                notify(f"{reply.host}: {line}")
            notify(f"{number} of {len(orders)} parts are done, the last one on {reply.host}")
        return Found(merge([files[part] for part in sorted(files)], wish.margin, results, whole=True))


def parts(
    artifacts: Sequence[Artifact], wish: Wish, device: str | None, offline: bool, store: SharingStore
) -> list[PartOrder]:
    """The orders of all parts; what they need is in the shared store then."""
    layout, reader = open_dataset(wish.data, wish.listed)
    with closing(reader):
        photos = min(len(layout.photos), wish.limit or len(layout.photos))
    if not photos:
        raise UsageError(f"{wish.data} holds no photos")
    number = max(ceil(photos / PART_PHOTOS), min(LEAST_PARTS, photos))
    order = PartOrder(
        wish=replace(wish, data=wish.data if wish.data == BUNDLED else str(resolved(Path(wish.data).expanduser()))),
        artifacts={label(one): sent_artifact(one, store) for one in artifacts},
        program=sent_program(artifacts[0].manifest, store) if wish.reference else None,
        listed=None if wish.listed is None else SentFile(wish.listed.name, store.shared.put(wish.listed)),
        device=device,
        url=store.shared.url,
        offline=offline,
    )
    return [replace(order, wish=replace(order.wish, shard=(one, number))) for one in range(1, number + 1)]


def needs_of_part(device: str | None, memory_bytes: int, nodes: Sequence[Node]) -> Needs:
    """What a part takes, so that each machine that could run it has that: a core and `memory_bytes` for each lane."""
    custom, able = offering(device, 0, nodes)
    memory = int(min(node.get(MEMORY, 0) for node in able))
    cores = max(1, min(MOST_CORES, memory // memory_bytes, *(int(node[CPU]) for node in able)))
    return Needs(cores, min(memory_bytes * cores, memory), 0, custom)


def run_all(
    orders: Sequence[PartOrder], artifacts: Sequence[Artifact], executor: ClusterExecutor, store: SharingStore
) -> Iterator[tuple[PartOrder, Reply[FileFacts], FileFacts]]:
    """Run all parts, and give what came of each as it is done. What one ends with ends all."""
    memory = estimated_memory(max(record.bytes for one in artifacts for record in one.manifest.files.values()))
    cancelled = threading.Event()
    with ThreadPoolExecutor(max_workers=min(len(orders), WAITING), thread_name_prefix="part") as pool:

        def run(order: PartOrder) -> Reply[FileFacts]:
            needs = partial(needs_of_part, order.device, memory)
            return executor.tasks.run(evaluate_part, order, needs, cancelled)

        try:
            running: dict[Future[Reply[FileFacts]], PartOrder] = {pool.submit(run, order): order for order in orders}
            while running:
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    reply = future.result()
                    yield running.pop(future), reply, reply.result(store.cache)
        except BaseException:
            cancelled.set()
            raise


def sent_program(manifest: Manifest, store: SharingStore) -> SentStage:
    """The program that the artifacts were made from, in the shared store: it may be another machine that has made it.

    Raises as `program_folder_of`.
    """
    worker, key = program_stage_of(manifest)
    sent = SentStage(worker.removesuffix(".py"), key)
    if store.shared.has(place_of(sent.name, sent.key)):
        return sent
    return send_output(program_folder_of(manifest, store.root), store)


def sent_artifact(artifact: Artifact, store: SharingStore) -> tuple[SentFile, ...]:
    """The files of an artifact, in the shared store; their hashes are those that were checked when it was read."""
    known = artifact.manifest.named_files
    sent = [SentFile(name, store.shared.put(artifact.folder / name, one.sha256)) for name, one in known.items()]
    return SentFile(FILE, store.shared.put(artifact.folder / FILE)), *sent
