"""Simulated clusters: machines of one core each on this one, each with a cache of its own."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from conftest import new_cache
from edgekit.cluster.connection import QUIET, environment, ray_folder, token_of
from tests.matrix.conftest import FakeProject, project

__all__ = ["Machines", "machines", "project", "seen_by_machines"]

# In the place of the machines' installed converters: see FakeProject.
FAKE = "import edgekit.bundled, pathlib; edgekit.bundled.PACKAGE = pathlib.Path({!r})\n"


class Machines:
    """A cluster whose head has no core, and machines by the folder of their cache."""

    def __init__(self, folder: Path, caches: Path) -> None:
        from ray.cluster_utils import Cluster

        self.caches = caches
        self.head: dict[str, Any] = {"num_cpus": 0, "temp_dir": str(folder), "plasma_directory": str(folder)}
        self.head |= {"object_store_memory": 80 << 20, "include_dashboard": False}
        self.cluster = Cluster(initialize_head=True, head_node_args=self.head)
        self.nodes: dict[Path, Any] = {}

    @property
    def address(self) -> str:
        """Of the cluster, as `--ray` takes it."""
        assert self.cluster.address is not None  # as it has a head
        return self.cluster.address

    def add(self, **offered: float) -> Path:
        """Another machine; returns its cache."""
        cache = new_cache(self.caches / f"machine{len(self.nodes)}")
        self.nodes[cache] = self.cluster.add_node(
            num_cpus=1,
            resources=offered,
            memory=8 << 30,
            env_vars={"EDGEKIT_CACHE": str(cache)},
            object_store_memory=80 << 20,
            plasma_directory=self.head["plasma_directory"],
        )
        return cache

    def kill(self, cache: Path) -> None:
        """End a machine's processes without a word."""
        self.cluster.remove_node(self.nodes.pop(cache), allow_graceful=False)

    def shutdown(self) -> None:
        """End all."""
        self.cluster.shutdown()


@pytest.fixture
def seen_by_machines(project: FakeProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeProject:
    """The project, also for the processes that Ray starts."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(FAKE.format(str(project.root / "edgekit")))
    monkeypatch.setenv("PYTHONPATH", str(site))
    return project


@pytest.fixture
def machines(seen_by_machines: FakeProject, tmp_path: Path) -> Iterator[Machines]:
    """A cluster without machines yet."""
    with ExitStack() as stack:
        folder = stack.enter_context(ray_folder())
        # Ray's simulated cluster writes down its address there, for anybody.
        (folder / "ray").mkdir()
        stack.enter_context(environment({**QUIET, **token_of(folder), "RAY_TMPDIR": str(folder)}))
        found = Machines(folder, tmp_path)
        stack.callback(found.shutdown)
        yield found
