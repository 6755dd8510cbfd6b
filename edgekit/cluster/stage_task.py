"""A stage as a task: what runs on the machine that Ray has chosen."""

import os
import platform
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from edgekit.cache import cache_folder
from edgekit.cache.evict import keep_within_bound
from edgekit.cache.session import in_use
from edgekit.cluster.parcel import Sent, unpacked
from edgekit.cluster.reply import Reply, answered
from edgekit.cluster.shared_store import SharedStore
from edgekit.cluster.sharing_store import SharingStore
from edgekit.errors import AbsentError
from edgekit.pipeline.stage import Stage
from edgekit.pipeline.store import StageResult, StageStore
from edgekit.toolchain.worker import Toolchain


@dataclass(frozen=True)
class StageOrder:
    """A stage with its `key`, and where what it needs is: at `url`, or in the cache that all share (None)."""

    stage: Stage
    key: str
    url: str | None
    offline: bool
    sent: Mapping[str, Sent] = field(default_factory=dict)


@contextmanager
def store_here(url: str | None, said: list[str]) -> Iterator[StageStore]:
    """The stage store of the machine that this runs on, in use for the length of the block; its cache is kept small."""
    # Ray has read it; programs that are started here have no need of it.
    os.environ.pop("RAY_AUTH_TOKEN", None)
    cache = cache_folder()
    if url is None:
        with in_use(cache):
            yield StageStore(cache / "stages", said.append)
        return
    store = SharingStore(cache / "stages", said.append, shared=SharedStore(url, said.append))
    with in_use(cache):
        yield store
    if store.made:
        keep_within_bound(cache)


def make_stage(order: StageOrder) -> Reply[bool]:
    """Make a stage on this machine, or find it; answers whether it was there already."""
    said: list[str] = []
    with store_here(order.url, said) as store:
        return answered(store, said, lambda: made_here(order, store, said).cached)


def made_here(order: StageOrder, store: StageStore, said: list[str]) -> StageResult:
    """The stage's output, here and in the shared store."""
    stage = order.stage
    if isinstance(store, SharingStore):
        stage = unpacked(stage, order.sent, store)
        if stage.key != order.key:
            raise AbsentError(
                f"{platform.node()} would make another {stage.name} than the machine that asks for it",
                "Install the same edgekit on every machine; they must be of one processor's kind.",
            )
    # Whether it is cancelled Ray says, by an interrupt.
    toolchain = Toolchain(store.cache, said.append, offline=order.offline)
    result = store.make(stage, toolchain, threading.Event())
    if isinstance(store, SharingStore):
        store.give(stage.name, result)
    return result
