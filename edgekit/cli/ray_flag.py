"""The flags `--ray` and `--store`: more than one machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgekit.errors import UsageError

if TYPE_CHECKING:
    from edgekit.cluster.executor import ClusterExecutor
    from edgekit.pipeline.execute import Executor

LOCAL = "local"
Ray = Annotated[
    str | None,
    typer.Option("--ray", metavar="ADDRESS|local", help="Run on the machines of a Ray cluster (docs/scale.md)."),
]
Store = Annotated[
    str | None,
    typer.Option(
        "--store", metavar="URL", help="What those machines share: a folder that all see, or s3://bucket/folder."
    ),
]


@dataclass(frozen=True)
class Cluster:
    """Where to run: a cluster's address, and the URL of the store that its machines share."""

    address: str
    url: str | None


def chosen_cluster(address: str | None, store: str | None) -> Cluster | None:
    """What the flags mean; None is this machine, without a cluster. Raises UsageError."""
    if address is None:
        if store is not None:
            raise UsageError("--store is what the machines of a cluster share", "Add --ray ADDRESS, or --ray local.")
        return None
    if store is None:
        if address != LOCAL:
            raise UsageError(
                "--ray needs --store: what one machine makes has to reach the others",
                "As in --store /mnt/shared, a folder that every machine sees, or --store s3://bucket/folder.",
            )
        return Cluster(address, None)
    if store.startswith("memory:"):
        raise UsageError(f"--store {store} is one process's own", "Name a folder that every machine sees.")
    return Cluster(address, store if "://" in store else Path(store).expanduser().absolute().as_uri())


@contextmanager
def chosen_executor(executor: "Executor", cluster: Cluster | None, jobs: int | None = None) -> Iterator["Executor"]:
    """The executor itself, or one on a cluster, for the length of the block; at most `jobs` cores of it."""
    if cluster is None:
        yield executor
        return
    with on_cluster(executor, cluster, jobs) as many:
        yield many


@contextmanager
def on_cluster(executor: "Executor", cluster: Cluster, jobs: int | None = None) -> Iterator["ClusterExecutor"]:
    """An executor on a cluster, for the length of the block; at most `jobs` cores of it."""
    from edgekit.cluster.connection import connected
    from edgekit.cluster.executor import ClusterExecutor
    from edgekit.cluster.shared_store import SharedStore
    from edgekit.cluster.sharing_store import sharing
    from edgekit.cluster.tasks import Tasks

    store = executor.store
    if cluster.url is not None:
        shared = SharedStore(cluster.url, store.notify)
        shared.check()
        store = sharing(store, shared)
    with connected(cluster.address, cores=executor.cores, memory_bytes=executor.memory_bytes) as connection:
        yield ClusterExecutor(
            store,
            executor.toolchain,
            executor.cores,
            executor.memory_bytes,
            executor.observe,
            tasks=Tasks(connection),
            most=jobs,
        )
